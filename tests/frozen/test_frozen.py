"""What earlier versions wrote stays readable, and the same settings still give the same numbers."""

import json
import re
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from datasets import Dataset
from huggingface_hub import DatasetCard

from local_naturalness import GlobalScorer, LocalScorer, rank_teachers
from local_naturalness.cli import main
from local_naturalness.embedded import student_path
from local_naturalness.hub.block import BEGIN, END
from local_naturalness.hub.card import updated_card
from local_naturalness.hub.provenance import gather
from local_naturalness.selection.record import read_record
from local_naturalness.spec import read_spec

FROZEN = Path(__file__).parent / "v0_1_0"
SCORES = json.loads((FROZEN / "scores.json").read_text())
CASES = [
    pytest.param(scorer, case["settings"], case["columns"], id=f"{name}-{number}")
    for name, scorer in (("local", LocalScorer), ("global", GlobalScorer))
    for number, case in enumerate(SCORES[name])
]
# Columns whose values tell versions.
PROVENANCE = "_spec"


@pytest.fixture(scope="module")
def batch():
    lines = (FROZEN / "candidates.jsonl").read_text().splitlines()
    rows = [json.loads(line) for line in lines]
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize("scorer, settings, frozen", CASES)
def test_scores_are_those_of_then(scorer, settings, frozen, batch):
    columns = scorer(student_path(), **settings)(batch)
    for name, values in frozen.items():
        if not name.endswith(PROVENANCE):
            assert columns[name] == approximately(values), name


@pytest.mark.parametrize("scorer, settings, frozen", CASES)
def test_specs_differ_in_versions_only(scorer, settings, frozen, batch):
    """The same settings have the same id; where a splitter is named, it is part of them with its version."""
    (then,) = {spec for name, specs in frozen.items() if name.endswith(PROVENANCE) for spec in specs}
    now = scorer(student_path(), **settings).spec
    assert without_versions(now) == without_versions(then)
    if read_spec(then).get("splitter") == read_spec(now).get("splitter"):
        assert read_spec(now)["id"] == read_spec(then)["id"]
    else:
        assert read_spec(now)["id"] != read_spec(then)["id"]


def test_a_stopped_run_goes_on_and_scores_only_what_is_missing(tmp_path, capsys):
    output = copied("stopped", tmp_path)
    assert main([*score(output), "--scorer", "global"]) == 0
    assert "Scored before: 8 of 19 rows; left: 11." in capsys.readouterr().out
    (table,) = output.glob("*.parquet")
    frozen = SCORES["global"][0]["columns"]
    written = pq.read_table(table).to_pydict()
    for name in ("global_naturalness", "global_naturalness_status", "num_tokens"):
        assert written[name] == approximately(frozen[name])


def test_a_share_of_then_is_merged_with_one_of_now(tmp_path, capsys):
    output = copied("share", tmp_path)
    words = [*score(output), "--scorer", "global", "--num-shards", "2", "--shard-rows", "4"]
    assert main([*words, "--shard-index", "1"]) == 0
    assert main(["merge", str(output)]) == 0
    (table,) = output.glob("*.parquet")
    written = pq.read_table(table).to_pydict()
    candidates = [json.loads(line) for line in (FROZEN / "candidates.jsonl").read_text().splitlines()]
    assert written["response"] == [row["response"] for row in candidates]
    assert written["global_naturalness"] == approximately(
        SCORES["global"][0]["columns"]["global_naturalness"]
    )


def test_a_run_with_an_older_splitter_is_refused(tmp_path, capsys):
    """Its steps may be others: the refusal tells in what the settings differ."""
    output = copied("stopped-local", tmp_path)
    assert main(score(output)) == 2
    assert re.search(r"splitter=sentence/1\b.*splitter=sentence/\d", capsys.readouterr().err)


def test_scored_rows_of_then_are_ranked_and_their_records_read(batch):
    columns = SCORES["local"][0]["columns"]
    ranking = rank_teachers(Dataset.from_dict(batch | columns))
    assert len(ranking.groups) == 1
    kept = json.loads((FROZEN / "selection.json").read_text())
    selection = Dataset.from_dict(kept["rows"])
    selection.info.description = kept["description"]
    record = read_record(selection)
    assert record["k"] == 1
    assert record["min_score"] == -5.0


def test_a_card_of_then_is_brought_up_to_date():
    """Its block is replaced; what stands around it stays."""
    text = (FROZEN / "card.md").read_text() + "\nWritten by people.\n"
    selection = Dataset.from_dict(json.loads((FROZEN / "selection.json").read_text())["rows"])
    selection = selection.add_column("prompt", ["p"] * len(selection))
    card = updated_card(
        DatasetCard(text),
        gather({"train": selection}, None, None),
        repo_id="me/curated",
        snippet="train()",
        licence=None,
        source_datasets=[],
    )
    assert card.count(BEGIN) == card.count(END) == 1
    assert card.rstrip().endswith("Written by people.")


def approximately(values):
    """Numbers within 1e-5, everything else equal; lists of steps number by number."""
    if all(isinstance(value, list | None.__class__) for value in values):
        return [None if value is None else flat(value) for value in values]
    if any(isinstance(value, float) for value in values):
        return [None if value is None else pytest.approx(value, abs=1e-5) for value in values]
    return values


def flat(value):
    if any(isinstance(one, list) for one in value):
        return value
    return [None if one is None else pytest.approx(one, abs=1e-5) for one in value]


def without_versions(spec):
    kept = re.sub(r"; (local_naturalness|id)=[^;]*", "", spec)
    return re.sub(r"(splitter=[a-z]+)/\d+", r"\1", kept)


def copied(name, tmp_path):
    return Path(shutil.copytree(FROZEN / name, tmp_path / name))


def score(output):
    return ["score", str(FROZEN / "candidates.jsonl"), "--student", student_path(), "--output", str(output)]
