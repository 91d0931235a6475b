"""Rows are scored in the order that costs least, and written in their own."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
from datasets import Dataset

from local_naturalness import LocalScorer
from local_naturalness.cli import main, work_order
from local_naturalness.cli.work_order import WorkOrder
from local_naturalness.embedded import student_path

# Rows of a prompt are far from each other.
ROWS = [
    {"prompt": f"What is {number} and {number}, and why is it that?", "response": f"{start} {2 * number}."}
    for start in ("It is", "That is", "Of course")
    for number in range(4)
]
LONG = [
    {"prompt": str(number), "response": " ".join(["So it is, as we have seen above."] * length)}
    for number, length in enumerate((12, 12, 13, 24, 24, 25, 18, 18, 19, 12, 12, 12, 12))
]


@pytest.fixture
def run(tmp_path, capsys):
    """Score rows into a folder; what it says and the table."""

    def run(rows, name, *words):
        source = tmp_path / "rows.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows))
        options = ["--student", student_path(), "--output", str(tmp_path / name), "--shard-rows", "3"]
        assert main(["score", str(source), *options, *words]) == 0
        table = tmp_path / name / "scored.parquet"
        return capsys.readouterr().out, pq.read_table(table).to_pydict() if table.exists() else None

    return run


def in_order_of_the_table(monkeypatch):
    monkeypatch.setattr(work_order, "work_order", lambda dataset, *_: WorkOrder(np.arange(len(dataset))))


def num_prompts(calls):
    return sum(len({one.prompt for one in examples}) for examples in calls)


def assert_equal(one, other):
    for name in one:
        if name == "local_naturalness":
            assert one[name] == pytest.approx(other[name], abs=1e-5)
        else:
            assert one[name] == other[name], name


@pytest.mark.parametrize("words", [[], ["--num-proc", "2"]], ids=str)
def test_scattered_prompts_are_brought_together(words, run, scored_batches, monkeypatch):
    said, found = run(ROWS, "ordered", *words)
    assert "Order of work: rows of a prompt together (prompts are " in said
    ordered = num_prompts(scored_batches)
    scored_batches.clear()
    in_order_of_the_table(monkeypatch)
    said, expected = run(ROWS, "plain")
    assert "Order of work" not in said
    assert_equal(found, expected)
    if not words:
        assert ordered == 4 and num_prompts(scored_batches) == 12


def test_the_longest_blocks_are_scored_first_and_stay_whole(run, scored_batches, monkeypatch):
    """With long responses prompts are no matter; the numbers are those of any other order to the last bit."""
    said, found = run(LONG, "ordered")
    assert "Order of work: blocks with the longest rows first. The table keeps its order." in said
    sizes = [sum(len(one.response) for one in call) for call in scored_batches if len(call) == 3]
    assert sizes == sorted(sizes, reverse=True) and len(sizes) == 4
    in_order_of_the_table(monkeypatch)
    assert run(LONG, "plain")[1] == found


def test_a_folder_that_was_begun_in_another_order_goes_on(run, scored_batches, monkeypatch, tmp_path):
    with monkeypatch.context() as patched:
        in_order_of_the_table(patched)
        run(ROWS[:6], "resumed")
        _, expected = run(ROWS, "plain")
    scored_batches.clear()
    said, found = run(ROWS, "resumed")
    assert f"Scored before: 6 of {len(ROWS)} rows" in said and "Order of work" in said
    assert sum(map(len, scored_batches)) == len(ROWS) - 6
    assert_equal(found, expected)


def test_shares_are_merged_in_the_order_of_the_table(run, tmp_path):
    _, expected = run(ROWS, "plain")
    for index in "01":
        run(ROWS, "shared", "--shard-index", index, "--num-shards", "2")
    assert main(["merge", str(tmp_path / "shared")]) == 0
    assert_equal(pq.read_table(tmp_path / "shared" / "scored.parquet").to_pydict(), expected)


def test_few_rows_and_rows_in_good_order_stay_where_they_are():
    scorer = LocalScorer(student_path())
    assert work_order.work_order(Dataset.from_list(ROWS), scorer, 64).is_that_of_the_table
    alike = Dataset.from_list(ROWS[:1] * 12)
    assert work_order.work_order(alike, scorer, 4).is_that_of_the_table
    assert work_order.work_order(alike.select([]), scorer, 4).is_that_of_the_table
