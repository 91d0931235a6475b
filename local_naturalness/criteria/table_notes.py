"""What a scored table shows about itself that the reader of any result should know."""

from local_naturalness.criteria.known import spec_columns
from local_naturalness.spec import read_spec
from local_naturalness.tables import Columns

# The column that `select_responses` adds.
_SELECTED = "selection_score"


def table_notes(columns: Columns) -> list[str]:
    """Sentences about a table that is a selection, or that has scores of several students."""
    return [*_selection(columns), *_students(columns)]


def _selection(columns: Columns) -> list[str]:
    if _SELECTED not in columns.names:
        return []
    return [
        f"The table is a selection, as its column {_SELECTED!r} shows: responses that were not selected are "
        "missing. To compare teachers or criteria, use the table that it was selected from."
    ]


def _students(columns: Columns) -> list[str]:
    """Names of columns do not say which student has scored."""
    students = {
        scorer + suffix: read_spec(spec)["student"]
        for column, (scorer, suffix) in spec_columns(columns.names).items()
        for spec in columns.distinct(column, 1)
        if "student" in read_spec(spec)
    }
    if len(set(students.values())) < 2:
        return []
    named = ", ".join(f"{name} is of {student}" for name, student in students.items())
    return [f"The table has scores of several students: {named}."]
