"""Tables that go in, tables that come out, and the page that reports them."""

import json
from pathlib import Path

import pytest
from datasets import Dataset, disable_caching, enable_caching
from harness.answers import ANSWERS
from harness.experiment import Experiment
from harness.plots import plot_criteria
from harness.reading import read_table, trainable
from harness.scores import CONTROL, directions, score
from harness.teachers import criteria_against_training, picks_of, rank_by_all
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
    # Longer than the student's context: only windows can score it.
    rows = rows.add_item(dict.fromkeys(rows.column_names, "extra") | {"response": "1 + 1 = 2\n" * 300})
    rows = rows.add_column("reference", ["The answer is 0."] * (len(rows) - 1) + [None])
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
    assert against["spearman"].dropna().between(-1, 1).all()
    first = against.loc["num_tokens"]
    assert first["first_teacher"] == rankings["num_tokens"]["mean"].idxmin()
    assert first["its_accuracy"] == accuracies[first["first_teacher"]]
    assert {path.name for path in stores.iterdir()} == {
        "local_w0", "local_w4", "local_w25pct", "local_wall", "global",
    }  # fmt: skip


def test_what_every_criterion_would_choose(scored):
    rows, experiment, _ = scored
    picks = picks_of(rows, directions(experiment)).set_index("criterion")
    assert set(picks.index) == set(directions(experiment))
    frame = rows.to_pandas()
    shortest = frame.loc[frame.groupby("prompt")["num_tokens"].idxmin()]
    assert picks.loc["num_tokens", "tokens a response"] == shortest["num_tokens"].mean()
    assert picks.loc["num_tokens", "right"] == shortest["is_correct"].mean()
    assert picks.loc["num_tokens", "share"] == shortest["teacher"].value_counts(normalize=True).max()


def test_correctness_is_found_from_the_reference(scored):
    rows = scored[0]
    read = ANSWERS["final_number"]
    assert rows["is_correct"][:-1] == [read(response) == 0 for response in rows["response"][:-1]]
    assert rows["is_correct"][-1] is None


def test_the_length_of_a_long_response_is_known(scored):
    rows = scored[0]
    assert rows["global_naturalness"][-1] is None
    assert rows["num_tokens"][-1] == rows["num_tokens_w0"][-1] > 1024


def test_a_teacher_without_a_score_is_left_out_of_its_panel(scored, tmp_path):
    rows = scored[0]
    accuracies = {name: number / 10 for number, name in enumerate(rows.unique("teacher"))}
    better = {"local_naturalness_w0": "high", "global_naturalness": "high"}
    rankings = rank_by_all(rows, better)
    against = criteria_against_training(rows, rankings, better, accuracies)
    plot_criteria(rankings, against, accuracies, tmp_path / "one.svg")
    drawn = (tmp_path / "one.svg").read_text()
    assert drawn.count(">extra</text>") == 1 and drawn.count(">stepwise</text>") == 2
    plot_criteria(rankings, against, accuracies, tmp_path / "one.svg")
    assert (tmp_path / "one.svg").read_text() == drawn


def test_candidates_that_nothing_can_be_learned_from(tmp_path):
    rows = Dataset.from_dict({"prompt": ["p", "", "p", None], "response": ["r", "r", " ", "r"]})
    told = []
    assert trainable(rows, told.append)["prompt"][:] == ["p"]
    assert told == ["3 of 4 candidates lack a prompt or a response."]


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
