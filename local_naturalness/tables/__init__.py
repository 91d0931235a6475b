"""The columns that a choice needs, read without touching the text of the others.

`Columns` reads numbers, flags, teacher names and prompt identities from the Arrow table behind a
dataset. An indices mapping (left by `select`, `filter`, `shuffle`) is applied to the small results,
never to the text.
"""

from local_naturalness.tables.choice_columns import Columns, first_rows
from local_naturalness.tables.content_hashes import hash_texts
from local_naturalness.tables.grouping import grouping_column, is_prompt_key, prompt_key_column
from local_naturalness.tables.json_values import text_of_value
from local_naturalness.tables.requirements import require_columns, require_dataset, require_moderate
from local_naturalness.tables.selected import select_with_columns
from local_naturalness.tables.verdict_column import verdict_column
from local_naturalness.tables.where import (
    Where,
    check_where,
    eligible_rows,
    name_of_where,
    rows_where,
    where_columns,
)

__all__ = [
    "Columns",
    "Where",
    "check_where",
    "eligible_rows",
    "first_rows",
    "grouping_column",
    "hash_texts",
    "is_prompt_key",
    "name_of_where",
    "prompt_key_column",
    "require_columns",
    "require_dataset",
    "require_moderate",
    "rows_where",
    "select_with_columns",
    "text_of_value",
    "verdict_column",
    "where_columns",
]
