"""Trainings are planned once for equal rows, kept when finished, and fail alone."""

import dataclasses
import json
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import Dataset
from harness.choices import Choice
from harness.experiment import Experiment, Selection
from harness.markdown import outcome_tables
from harness.results import outcomes, untrained
from harness.trainings import Planner, train_all
from transformers import GenerationConfig

ROWS = Dataset.from_dict(
    {
        "prompt": ["p", "q"],
        "response": ["a", "b"],
        "teacher": ["t", "u"],
        "num_tokens": [2, 4],
        "is_correct": [True, False],
    }
)
EXPERIMENT = Experiment(
    name="e",
    student="set by the fixture",
    candidates="c",
    questions="q",
    answer="final_number",
    training={"max_steps": 3},
)


@pytest.fixture
def planner(tmp_path):
    questions = Dataset.from_dict({"prompt": ["1 + 1"] * 4, "reference": ["2"] * 4})
    (tmp_path / "no student").mkdir()
    experiment = dataclasses.replace(EXPERIMENT, student=str(tmp_path / "no student"))
    return Planner(experiment, {"weights": "w"}, questions, tmp_path)


def finish(training, correct):
    training.folder.mkdir(parents=True, exist_ok=True)
    found = {
        "accuracy": sum(correct) / len(correct),
        "correct": correct,
        "tokens": 100,
        "cut_off": 0.25,
        "training_seconds": 1.0,
        "evaluation_seconds": 1.0,
    }
    (training.folder / "result.json").write_text(json.dumps(found))


def test_equal_rows_share_a_training_and_everything_that_matters_parts_them(planner):
    training = planner.plan(ROWS, 0)
    again = planner.plan(ROWS.map(lambda row: {"teacher": "other"}), 0)
    assert training == again
    longer = dataclasses.replace(planner.experiment, training={"max_steps": 4})
    others = [
        planner.plan(ROWS, 1),
        planner.plan(ROWS.select([1, 0]), 0),
        planner.plan(None, 0),
        dataclasses.replace(planner, student={"weights": "v"}).plan(ROWS, 0),
        dataclasses.replace(planner, questions=planner.questions.select([0])).plan(ROWS, 0),
        dataclasses.replace(planner, experiment=longer).plan(ROWS, 0),
    ]
    assert len({one.folder for one in [training, *others]}) == 1 + len(others)


def test_rows_are_kept_beside_the_training(planner):
    training = planner.plan(ROWS, 0)
    kept = Dataset.from_parquet(str(training.rows))
    assert kept.column_names == ["prompt", "response"] and kept["response"][:] == ["a", "b"]


def test_the_students_generation_defaults_part_trainings(planner):
    before = planner.plan(ROWS, 0)
    GenerationConfig(eos_token_id=7).save_pretrained(planner.experiment.student)
    assert dataclasses.replace(planner).plan(ROWS, 0).folder != before.folder


def test_unknown_values_take_no_part_in_means(planner):
    known = {"is_correct": [True, None], "num_tokens": [3, None]}
    rows = Dataset.from_dict(ROWS.to_dict() | known)
    training = planner.plan(rows, 0)
    finish(training, [True] * 4)
    (one,) = outcomes([(Choice(Selection("a"), "none", 0, rows), training)], None)
    assert (one.share_right, one.tokens_per_response) == (1.0, 3.0)


def test_workers_end_with_their_parent():
    waits = (
        "import sys; sys.path.insert(0, sys.argv[1]); from harness.trainings import _end_with; _end_with(1)"
    )
    folder = Path(__file__).parents[2] / "examples" / "distill"
    assert subprocess.run([sys.executable, "-c", waits, folder]).returncode == 1


def test_finished_trainings_are_not_done_again(planner):
    training = planner.plan(ROWS, 0)
    finish(training, [True, True, False, False])
    assert train_all([training, training], 1, report=pytest.fail) == []


def test_a_training_that_fails_is_told_and_leaves_no_result(planner):
    training = planner.plan(ROWS, 0)
    told = []
    ((failed, error),) = train_all([training, training], 1, report=told.append)
    assert failed == training and isinstance(error, OSError | ValueError)
    assert training.result() is None and "failed" in told[0] and len(told) == 1


def test_outcomes_are_told_in_tables_with_the_reference_beside_them(planner):
    base, good, chance = planner.plan(None, 0), planner.plan(ROWS, 0), planner.plan(ROWS.select([0]), 0)
    finish(base, [False] * 4)
    finish(good, [True, True, True, False])
    finish(chance, [True, False, False, False])
    unfinished = planner.plan(ROWS, 1)
    done = [
        (Choice(Selection("random"), "none", 0, ROWS.select([0])), chance),
        (Choice(Selection("good"), "none", 0, ROWS), good),
        (Choice(Selection("good"), "none", 1, ROWS), unfinished),
        (Choice(Selection("not yet"), "none", 1, ROWS), unfinished),
    ]
    found = [untrained(base, 4), *outcomes(done, "random")]
    assert [one.selection for one in found] == ["(untrained student)", "good", "random"]
    assert [one.seeds for one in found] == [1, 1, 1]
    assert found[1].against_reference.mean == 0.5 and found[2].against_reference is None
    assert found[1].share_right == 0.5 and found[1].teachers == {"t": 0.5, "u": 0.5}
    text = outcome_tables(found, "random")
    assert "| good | 0.750 (" in text and "| minus random |" in text
    assert "| answers cut off |" in text and "| 0.25 | t 0.50 |" in text
    assert json.loads(json.dumps([one.to_json() for one in found]))[1]["accuracy"]["mean"] == 0.75
