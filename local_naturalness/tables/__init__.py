"""The few columns a choice needs, read without touching the text of the others.

`Columns` reads numbers, flags, teacher names and prompt identities from the Arrow table behind a
dataset. An indices mapping (left by `select`, `filter`, `shuffle`) is applied to the small results,
never to the text.
"""

from local_naturalness.tables.choice_columns import Columns, first_rows
from local_naturalness.tables.content import hash_texts
from local_naturalness.tables.requirements import require_columns, require_dataset
from local_naturalness.tables.selected import select_with_columns

__all__ = [
    "Columns",
    "first_rows",
    "hash_texts",
    "require_columns",
    "require_dataset",
    "select_with_columns",
]
