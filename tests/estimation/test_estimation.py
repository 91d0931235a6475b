"""Estimates are what scoring then does."""

from collections import Counter

import pytest
import tiny_models
from datasets import Dataset
from texts import PROMPT, RESPONSE
from tiny_tokenizers import FAMILIES

from local_naturalness import GlobalScorer, LocalScorer, Student
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.engine.projection import Projection
from local_naturalness.estimation.forecast import estimate


@pytest.fixture(scope="module")
def rows():
    return Dataset.from_json(candidates_path()).select(range(60))


@pytest.mark.parametrize(
    "scorer", [LocalScorer(student_path()), GlobalScorer(student_path(), statistics=["steps"])]
)
def test_counts_are_those_of_the_columns(rows, scorer):
    rows = rows.add_item({name: None for name in rows.column_names} | {"prompt": "Why?"})
    found = estimate(scorer, rows, calibration_seconds=None)
    scored = rows.map(scorer, batched=True)
    assert found.work.rows == Counter(scored[f"{scorer.criterion}_status"])
    assert found.work.rows["missing_response"] == 1
    assert found.work.response_tokens == found.work.scored_tokens == sum(scored["num_tokens"])
    assert found.work.steps == sum(scored["num_steps"])
    assert found.sampling_error == 0
    assert found.seconds is None


@pytest.mark.parametrize("architecture", ["llama", "mamba"])
def test_passed_tokens_are_those_that_the_engine_passes(architecture, monkeypatch):
    student = Student(tiny_models.tiny_model(architecture), tokenizer=FAMILIES["byte_level"]())
    scorer = LocalScorer(student, window=1, max_tokens_per_batch=200)
    rows = Dataset.from_dict({"prompt": [PROMPT] * 3, "response": [RESPONSE, RESPONSE[:90], "Yes."]})
    found = estimate(scorer, rows, calibration_seconds=0.001)
    states, passed = Projection.states, []

    def counted(self, **inputs):
        passed.append(inputs["input_ids"].numel())
        return states(self, **inputs)

    monkeypatch.setattr(Projection, "states", counted)
    scorer(rows[:])
    assert len(passed) > 1
    assert found.work.passed_tokens == sum(passed)
    assert found.seconds > 0


def test_counts_of_a_sample_are_scaled_up(rows):
    everything = estimate(LocalScorer(student_path()), rows, calibration_seconds=None)
    some = estimate(LocalScorer(student_path()), rows, sample=32, calibration_seconds=None)
    assert some.sampled_rows in (28, 32)
    assert some.work.rows.total() == pytest.approx(60, abs=1)
    assert 0 < some.sampling_error < 1
    assert some.operations == pytest.approx(everything.operations, rel=4 * some.sampling_error)
    assert estimate(LocalScorer(student_path()), rows, sample=1, calibration_seconds=None).sampled_rows <= 16


def test_a_sample_stands_for_a_larger_table(rows):
    scorer = LocalScorer(student_path())
    own = estimate(scorer, rows, calibration_seconds=None)
    whole = estimate(scorer, rows, num_rows=10 * len(rows), calibration_seconds=None)
    assert whole.work.rows.total() == 10 * len(rows)
    assert whole.operations == pytest.approx(10 * own.operations)
    assert own.sampling_error == 0 < whole.sampling_error < 1
    assert whole.memory_bytes == own.memory_bytes
    with pytest.raises(ValueError, match=f"at least the {len(rows):,} rows of the input; found 1"):
        estimate(scorer, rows, num_rows=1, calibration_seconds=None)


def test_a_sample_of_equal_rows_is_exact():
    rows = Dataset.from_dict({"prompt": [PROMPT] * 64, "response": [RESPONSE] * 64})
    everything = estimate(LocalScorer(student_path()), rows, calibration_seconds=None)
    some = estimate(LocalScorer(student_path()), rows, sample=32, calibration_seconds=None)
    assert some.work.rows == everything.work.rows == {"ok": 64}
    assert some.work.steps == everything.work.steps
    assert some.operations == pytest.approx(everything.operations, rel=0.01)
    assert some.sampling_error == 0


def test_cheaper_settings_cost_less(rows):
    def operations(**settings):
        return estimate(LocalScorer(student_path(), **settings), rows, calibration_seconds=None).operations

    assert operations(max_steps=1) < operations(stride=4) < operations() < operations(window=8)


def test_no_weights_are_loaded_without_calibration(rows, monkeypatch):
    monkeypatch.setattr(Student, "model", lambda *_: pytest.fail("the weights were loaded"))
    found = estimate(LocalScorer(student_path()), rows, calibration_seconds=None)
    assert found.cost.weight_bytes == 4 * found.cost.parameters > 3_000_000
    assert found.memory_bytes > found.cost.weight_bytes


def test_nothing_to_estimate(rows):
    with pytest.raises(ValueError, match="no rows"):
        estimate(LocalScorer(student_path()), rows.select([]))
