"""CSV files hold lists as JSON texts: those beside the responses are split with them."""

import json

import pytest
from datasets import Dataset

from local_naturalness.shapes import to_rows

ANSWERS = [["2 + 3 = 5.", "6."], ["8."]]


def rows_of(**lists):
    columns = {name: [value and json.dumps(value) for value in values] for name, values in lists.items()}
    return to_rows(Dataset.from_dict({"prompt": ["2 + 3?", "4 + 4?"], **columns}))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[True, False], [True]], [True, False, True]),
        ([[0.5, None], [1]], [0.5, None, 1.0]),
        ([["ok", "no"], None], ["ok", "no", None]),
    ],
)
def test_verdicts_are_split_with_responses(values, expected):
    rows = rows_of(generations=ANSWERS, correct=values)
    assert (rows["response"][:], rows["correct"][:]) == (["2 + 3 = 5.", "6.", "8."], expected)


def test_models_are_the_teachers_of_their_answers():
    rows = rows_of(responses=ANSWERS, models=[["a", "b"], ["b"]])
    assert rows["teacher"][:] == ["a", "b", "b"]


def test_a_verdict_that_is_missing_is_told(caplog):
    rows = rows_of(responses=ANSWERS, correct=[[True, False], [True, False]])
    assert rows["correct"][:] == [True, False, None]
    assert "In row 1 the list `correct` has 2 items and `responses` has 1 item" in caplog.text


def test_other_lists_are_repeated_as_they_are():
    rows = rows_of(generations=ANSWERS, tags=[["x"], ["y"]])
    assert rows["tags"][:] == ['["x"]', '["x"]', '["y"]']
