"""The column that says which responses are correct."""

import logging

import pyarrow as pa
from datasets import ClassLabel

from local_naturalness.listed import listed
from local_naturalness.tables.choice_columns import Columns
from local_naturalness.tables.requirements import require_columns

logger = logging.getLogger(__name__)

# Only names that can mean nothing else, and only where the column holds verdicts.
_UNMISTAKABLE = ("is_correct", "correct")
# What a column named `correct` holds if it does not hold the correct answers.
_WORDS = {
    "true",
    "false",
    "yes",
    "no",
    "correct",
    "incorrect",
    "right",
    "wrong",
    "pass",
    "passed",
    "fail",
    "failed",
}
_SHOWN = 3


def verdict_column(columns: Columns, correct: str | None) -> str | None:
    """The name of the verdict column; `None` if there is none. Warns if a column looks like one and is none.

    `Columns.numbers` reads it: 1.0 for correct, 0.0 for wrong, NaN for unknown.

    Args:
        columns: The table.
        correct: As the user named it. `None`: `is_correct` or `correct`, if just one of them is there and
            holds bools, or 0 and 1.

    Raises:
        ValueError: The named column is not there.
        TypeError: It holds something else.

    Example: a column of correct answers is no verdict.

    >>> table = pa.table({"is_correct": [1, 0, None], "correct": ["12", "7", "7"]})
    >>> verdict_column(Columns(table), None)
    'is_correct'
    """
    if correct is not None:
        require_columns(columns.names, {"correct": correct})
        columns.flags(correct, sql="")
        return correct
    found = [name for name in _UNMISTAKABLE if name in columns.names and _holds_verdicts(columns, name)]
    if len(found) == 1:
        return found[0]
    if found:
        logger.warning(
            "Columns %r and %r both say which responses are correct, so there is no accuracy: name one of "
            "them with `correct=...`.",
            *found,
        )
    for name in _UNMISTAKABLE:
        if not found and name in columns.names and (values := _taken_for_verdicts(columns, name)):
            logger.warning(
                "Column %r holds %s, not bools or 0 and 1, so there is no accuracy. If it says which "
                "responses are correct, make bools of it with `dataset.map`. If another column does, name it "
                "with `correct=...`.",
                name,
                values,
            )
    return None


def _taken_for_verdicts(columns: Columns, name: str) -> str:
    """The values of a column that a reader may take for verdicts; empty if it holds nothing or answers."""
    kind = columns.table.schema.field(name).type
    try:
        values = columns.distinct(name)
    except (TypeError, pa.ArrowException):  # lists, bytes and other types that have no names
        is_flags = pa.types.is_list(kind) and pa.types.is_boolean(kind.value_type)
        return f"values of type {kind}" if is_flags or name == "is_correct" else ""
    feature = None if columns.features is None else columns.features.get(name)
    is_label = isinstance(feature, ClassLabel)
    is_number = not is_label and (
        pa.types.is_floating(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    )
    if is_number:
        others = [value for value in values if float(value) not in (0.0, 1.0)]
        is_verdict = pa.types.is_floating(kind) and all(0 <= float(value) <= 1 for value in values)
    else:
        others = [repr(value) for value in values]
        is_verdict = all(value.strip().lower() in _WORDS for value in values)
    if not others or (not is_verdict and name != "is_correct"):
        return ""
    return listed(others, at_most=_SHOWN)


def _holds_verdicts(columns: Columns, name: str) -> bool:
    if pa.types.is_null(columns.table.schema.field(name).type):
        return False
    try:
        columns.flags(name)
    except TypeError:
        return False
    return True
