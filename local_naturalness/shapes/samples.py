"""Samples of a dataset's values, to recognise its shape."""

from collections.abc import Collection
from typing import Any

from datasets import Dataset, IterableDataset

from local_naturalness.inputs.columns import undecoded
from local_naturalness.shapes.seen import KNOWN
from local_naturalness.shapes.side_by_side import answer_columns

_ROWS = 100


def sample_of(dataset: Dataset | IterableDataset, names: Collection[str]) -> dict[str, list[Any]]:
    """The first values of columns; none of those that are not asked for.

    Args:
        dataset: may be a stream, which is read from its beginning.
        names: of the columns to look at.
    """
    if isinstance(dataset, Dataset):
        known = [name for name in dataset.column_names if name in names]
        looked_at = undecoded(dataset.with_format(None).select_columns(known))[:_ROWS] if known else {}
        return {name: looked_at.get(name, []) for name in dataset.column_names}
    rows = list(dataset.take(_ROWS))
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def answers_of(dataset: Dataset | IterableDataset) -> list[str]:
    """Columns that look like the answers of several teachers, side by side."""
    names = list(dataset.column_names or next(iter(dataset), {}))
    if isinstance(dataset, Dataset):
        kinds = dataset.features
        names = [name for name in names if getattr(kinds[name], "dtype", None) in ("string", "large_string")]
    values = sample_of(dataset, names)
    return answer_columns({name: column for name, column in values.items() if name not in KNOWN})
