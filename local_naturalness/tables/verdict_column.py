"""The column that says which responses are correct."""

import pyarrow as pa

from local_naturalness.tables.choice_columns import Columns
from local_naturalness.tables.requirements import require_columns

# Only names that can mean nothing else, and only where the column holds verdicts.
_UNMISTAKABLE = ("is_correct", "correct")


def verdict_column(columns: Columns, correct: str | None) -> str | None:
    """The name of the verdict column; `None` if there is none.

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
    return found[0] if len(found) == 1 else None


def _holds_verdicts(columns: Columns, name: str) -> bool:
    if pa.types.is_null(columns.table.schema.field(name).type):
        return False
    try:
        columns.flags(name)
    except TypeError:
        return False
    return True
