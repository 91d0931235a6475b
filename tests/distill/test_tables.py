"""Tables that go in, tables that come out, and the page that reports them."""

import json
from pathlib import Path

import pytest
from datasets import Dataset, disable_caching, enable_caching
from harness.answers import ANSWERS
from harness.experiment import Experiment
from harness.reading import read_table
from harness.scores import CONTROL, directions, score
from harness.teachers import criteria_against_training, rank_by_all
from write_evidence import fill

from local_naturalness import Student
from local_naturalness.embedded import candidates_path, student_path

ROWS = [{"prompt": "p", "teacher": "t", "response": "r"}]
WINDOWS = (0, 4, 0.25, "all")


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet", "folder", "saved"])
def test_a_table_is_read_from_whatever_it_is(tmp_path, kind):
    rows, path = Dataset.from_list(ROWS), tmp_path / f"table.{kind}"
    if kind == "folder":
        path.mkdir()
        rows.to_parquet(str(path / "part.parquet"))
    elif kind == "saved":
        rows.save_to_disk(str(path))
    elif kind == "jsonl":
        path.write_text(json.dumps(ROWS[0]) + "\n")
    else:
        getattr(rows, f"to_{kind}")(str(path))
    assert read_table(str(path), ["prompt", "response"]).to_list() == ROWS


def test_a_table_without_a_column_is_refused(tmp_path):
    (tmp_path / "table.jsonl").write_text(json.dumps(ROWS[0]) + "\n")
    with pytest.raises(ValueError, match=r"missing: \['reference'\], found: \['prompt'"):
        read_table(str(tmp_path / "table.jsonl"), ["prompt", "reference"])


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """A few of the embedded candidates with all criteria; their correctness is left to the harness."""
    rows = read_table(str(candidates_path()), ["prompt"]).select(range(10)).remove_columns("is_correct")
    rows = rows.add_column("reference", ["The answer is 0."] * len(rows))
    experiment = Experiment(
        name="e", student="s", candidates="c", questions="q", answer="final_number", windows=WINDOWS
    )
    stores = tmp_path_factory.mktemp("stores")
    disable_caching()  # else an earlier run's result is found, and nothing is put into the stores
    yield score(rows, experiment, Student(student_path()), stores, workers=1), experiment, stores
    enable_caching()


def test_every_criterion_can_rank_teachers(scored):
    rows, experiment, stores = scored
    accuracies = {name: number / 10 for number, name in enumerate(rows.unique("teacher"))}
    rankings = rank_by_all(rows, directions(experiment))
    against = criteria_against_training(rows, rankings, directions(experiment), accuracies)
    against = against.set_index("criterion")
    assert set(against.index) == set(directions(experiment)) and CONTROL in against.index
    assert against["spearman"].between(-1, 1).all()
    first = against.loc["num_tokens"]
    assert first["first_teacher"] == rankings["num_tokens"]["mean"].idxmin()
    assert first["its_accuracy"] == accuracies[first["first_teacher"]]
    assert {path.name for path in stores.iterdir()} == {
        "local_w0", "local_w4", "local_w25pct", "local_wall", "global",
    }  # fmt: skip


def test_correctness_is_found_from_the_reference(scored):
    rows = scored[0]
    read = ANSWERS["final_number"]
    assert rows["is_correct"][:] == [read(response) == 0 for response in rows["response"]]


def test_tables_and_figures_are_put_between_their_marks(tmp_path):
    page = (
        "a\n<!-- table: one, figure: What it shows -->\nold\n<!-- end -->\n"
        "b\n<!-- table: two -->\nkept\n<!-- end -->\n"
    )
    (tmp_path / "one.md").write_text("| new |\n")
    filled = fill(page, [Path("nowhere"), tmp_path], "evidence")
    assert "| new |" in filled and "old" not in filled and "kept" in filled
    assert filled.count("![What it shows](evidence/one.svg)") == 1
    assert filled.count("![") == 1
    assert fill(filled, [tmp_path], "evidence") == filled
