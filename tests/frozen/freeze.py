"""Freeze results of the installed version: `python tests/frozen/freeze.py FOLDER`.

Run once for a version, before anything that it wrote could be read differently. What it leaves in FOLDER is
committed, and `test_frozen.py` holds every later version to it:

    candidates.jsonl    rows of every status, made below
    scores.json         columns of both scorers under several settings, with spec lines
    share/              a folder of `local-naturalness score`, of which one share of two is finished
    stopped/            such a folder after a run that was stopped halfway: a store and no table
    stopped-local/      the same with the local scorer, whose identity tells the splitter's version
    selection.json      a selection's rows and its record
    card.md             its dataset card
"""

import json
import sys
from pathlib import Path

from datasets import Dataset, load_dataset
from huggingface_hub import DatasetCard

from local_naturalness import GlobalScorer, LocalScorer, __version__, select_responses
from local_naturalness.cli import main
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.hub.card import updated_card
from local_naturalness.hub.provenance import gather

LOCAL = [
    {},
    {"window": 0},
    {"window": 0.25, "weighting": "token"},
    {"window": None, "include_prompt": False},
    {"window": 2, "stride": 2, "splitter": "line"},
    {"max_steps": 2, "seed": 3, "return_steps": True},
    {"prompt_template": "Question: {prompt}\nAnswer: "},
]
GLOBAL = [{}, {"statistics": ["rank", "brier", "entropy", "steps"]}]
NUM_CANDIDATES = 12
STOPPED_AFTER = 8


def rows() -> list[dict[str, str | None]]:
    """A few candidates, and rows of every other status."""
    with open(candidates_path(), encoding="utf-8") as lines:
        candidates = [json.loads(next(lines)) for _ in range(NUM_CANDIDATES)]
    long = "".join(f"Step {i}: the number is {i} + 2 = {i + 2}.\n" for i in range(70))
    wide = " ".join(
        f"Sum {i}: " + ", ".join(f"{i} + {j} = {i + j}" for j in range(30)) + "." for i in range(6)
    )
    other = [
        {"response": None},
        {"prompt": None},
        {"response": " \n"},
        {"response": long},  # longer than the student's context
        {"response": wide},  # of long steps: their windows are trimmed
        {"response": "Then " + "and so on " * 400 + "we stop."},  # a single step that is too long
        {"prompt": "What is it? " * 500},
    ]
    kept = ("prompt", "teacher", "response")
    return [{name: row[name] for name in kept} for row in [*candidates, *(candidates[0] | o for o in other)]]


def main_job(folder: Path) -> None:
    """Write everything into an empty folder."""
    candidates = folder / "candidates.jsonl"
    candidates.write_text("".join(json.dumps(row) + "\n" for row in rows()), encoding="utf-8")
    dataset = load_dataset("json", data_files=str(candidates), split="train")
    batch = dataset[:]
    scored = {
        "version": __version__,
        "local": [{"settings": s, "columns": LocalScorer(student_path(), **s)(batch)} for s in LOCAL],
        "global": [{"settings": s, "columns": GlobalScorer(student_path(), **s)(batch)} for s in GLOBAL],
    }
    (folder / "scores.json").write_text(json.dumps(scored, indent=1))
    freeze_folders(folder, candidates)
    freeze_selection(folder, dataset)


def freeze_folders(folder: Path, candidates: Path) -> None:
    """What the command line leaves: a finished share, and runs that were stopped."""
    first = folder / "first.jsonl"
    first.write_text("".join(candidates.read_text().splitlines(keepends=True)[:STOPPED_AFTER]))
    options = ["--student", student_path(), "--shard-rows", "4", "--scorer"]
    share = ["--shard-index", "0", "--num-shards", "2"]
    main(["score", str(candidates), *options, "global", "--output", str(folder / "share"), *share])
    for name, scorer in (("stopped", "global"), ("stopped-local", "local")):
        main(["score", str(first), *options, scorer, "--output", str(folder / name)])
        # As if it had been stopped: the scores are in the store, the table has not been written.
        for table in (folder / name).glob("*.parquet"):
            table.unlink()
    first.unlink()


def freeze_selection(folder: Path, dataset: Dataset) -> None:
    """A selection, what it recorded, and what its card says."""
    scored = dataset.map(LocalScorer(student_path()), batched=True)
    best = select_responses(scored, k=1, min_score=-5.0)
    kept = {"rows": best.remove_columns(["prompt", "response"])[:], "description": best.info.description}
    (folder / "selection.json").write_text(json.dumps(kept, indent=1))
    provenance = gather({"train": best}, None, None)
    card = updated_card(
        DatasetCard("---\n{}\n---\n"),
        provenance,
        repo_id="me/curated",
        snippet="train()",
        licence=None,
        source_datasets=[],
    )
    (folder / "card.md").write_text(card)


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True)
    main_job(target)
