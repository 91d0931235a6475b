"""Columns that look like verdicts and cannot be read as such are told."""

import pyarrow as pa
import pytest

from local_naturalness.tables import Columns, verdict_column


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"is_correct": ["True", "false", None]}, "Column 'is_correct' holds 'True' and 'false', not bools"),
        ({"is_correct": [1.0, 0.5, None, 0.0]}, "Column 'is_correct' holds 0.5, not bools"),
        ({"is_correct": [2, 3, 4, 5]}, "Column 'is_correct' holds 2, 3, 4 and 1 more, not bools"),
        ({"is_correct": [[True], [False, True]]}, "Column 'is_correct' holds values of type list"),
        ({"correct": ["yes", "No"]}, "Column 'correct' holds 'yes' and 'No', not bools"),
        ({"correct": [0.5, 1.0]}, "Column 'correct' holds 0.5, not bools"),
        ({"is_correct": [True], "correct": [1]}, "Columns 'is_correct' and 'correct' both say"),
    ],
)
def test_a_column_that_is_passed_over_is_named(caplog, table, said):
    assert verdict_column(Columns(pa.table(table)), None) is None
    (record,) = caplog.records
    assert record.getMessage().startswith(said)
    assert "`correct=...`" in record.getMessage()


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"prompt": ["p"]}, None),
        ({"is_correct": pa.nulls(2)}, None),
        ({"is_correct": pa.array([None, None], pa.string())}, None),
        ({"correct": ["12", "7"]}, None),
        ({"correct": [42, 7]}, None),
        ({"correct": [["a", "b"]]}, None),
        ({"is_correct": ["yes", "no"], "correct": [1, 0]}, "correct"),
        ({"is_correct": [True, None], "correct": ["12", "7"]}, "is_correct"),
    ],
)
def test_verdicts_and_answers_need_no_words(caplog, table, found):
    assert verdict_column(Columns(pa.table(table)), None) == found
    assert not caplog.records
