"""Score samples of real answers with a pretrained student, for the tables of `report_real_text.py`.

    python examples/distill/score_real_text.py --student HuggingFaceTB/SmolLM2-135M-Instruct --tables FOLDER \
        --output distill-output/real-text

The folder of tables has `long_traces.jsonl`, `mixed_multi_teacher.jsonl` and `gsm8k_multi_teacher.jsonl`,
or your own tables with these names, with the columns `prompt`, `teacher`, `response`, `is_correct`. The
student is a hub id or a folder that `transformers` can load. For the long traces, it needs a context of 8,192
tokens. Finished scores in the output folder are kept. To continue after an interruption, run the same command
again.
"""

import argparse
import json
import platform
from dataclasses import asdict
from pathlib import Path

import datasets
import torch
import transformers
from real_text.samples import MIXED, SAMPLES, draw, reduced
from real_text.scoring import SETTINGS, score

from local_naturalness import Student, __version__

PROMPTS_FOR_SETTINGS = 6


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--student", required=True, metavar="ID", help="hub id or folder")
    parser.add_argument("--tables", type=Path, required=True, metavar="DIR", help="with the three tables")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="gets a folder per student")
    parser.add_argument("--name", help="of the student in tables and files (the last part of its id)")
    parser.add_argument("--dtype", default="bfloat16", help="of the weights (bfloat16)")
    parser.add_argument(
        "--parts",
        nargs="+",
        default=["long", "loops", "mixed", "gsm8k"],
        choices=["long", "loops", "mixed", "gsm8k", "settings", "float32"],
        help="samples, and what cheaper settings and float32 change (the samples)",
    )
    parser.add_argument("--minutes", type=float, default=60, help="for each part, then it stops (60)")
    parser.add_argument("--prompts", type=int, help="at most, in each part (24, 24, 120, 200, 6, 6)")
    parser.add_argument("--responses", type=int, help="at most, to each prompt (all): intervals need prompts")
    parser.add_argument("--reduced", action="store_true", help="short responses, for a small context")
    return parser.parse_args()


def main() -> None:
    options = parse_arguments()
    datasets.disable_progress_bars()
    name = options.name or Path(options.student).name
    folder = options.output / name
    folder.mkdir(parents=True, exist_ok=True)
    samples = {one.name: one for one in SAMPLES} | {"settings": MIXED, "float32": MIXED}
    for part in options.parts:
        sample = reduced(samples[part]) if options.reduced else samples[part]
        rows = draw(sample, options.tables)
        limit = options.prompts or (PROMPTS_FOR_SETTINGS if part in ("settings", "float32") else None)
        rows = rows[rows["prompt"].isin(rows["prompt"].unique()[:limit])]
        if options.responses:
            rows = rows.groupby("prompt", sort=False).head(options.responses)
        dtype = "float32" if part == "float32" else options.dtype
        scored, costs = score(
            rows,
            SETTINGS[part],
            Student(options.student, dtype=dtype),
            folder / f"scores-{dtype}",
            options.minutes,
            lambda told, part=part: print(f"{name}, {part}: {told}", flush=True),
        )
        scored.to_parquet(folder / f"{part}.parquet")
        _note(folder / f"{part}.json", dtype, {key: asdict(cost) for key, cost in costs.items()})


def _note(path: Path, dtype: str, costs: dict[str, dict[str, float]]) -> None:
    """Costs and versions; those of the first run, since a second one reads what the first one scored."""
    if path.exists():
        costs = _larger(json.loads(path.read_text())["costs"], costs)
    machine = {
        "dtype": dtype,
        "threads": torch.get_num_threads(),
        "processor": platform.machine(),
        "versions": {
            "local_naturalness": __version__,
            "torch": torch.__version__,
            "transformers": transformers.__version__,
        },
    }
    path.write_text(json.dumps(machine | {"costs": costs}, indent=1))


def _larger(
    before: dict[str, dict[str, float]], now: dict[str, dict[str, float]]
) -> dict[str, dict[str, float]]:
    return {key: max(before.get(key, one), one, key=lambda cost: cost["seconds"]) for key, one in now.items()}


if __name__ == "__main__":
    main()
