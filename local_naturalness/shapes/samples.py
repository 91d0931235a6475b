"""Samples of a dataset's values, to recognise its shape."""

from collections.abc import Collection
from typing import Any

from datasets import Dataset, IterableDataset, Json, LargeList, List

from local_naturalness.inputs.columns import undecoded
from local_naturalness.shapes.seen import is_looked_at

_ROWS = 100
# Types that hold texts.
TEXT_TYPES = ("string", "large_string")


def sample_of(dataset: Dataset | IterableDataset, names: Collection[str]) -> dict[str, list[Any]]:
    """The first values of columns; none of those whose name says nothing and that are not asked for.

    Args:
        dataset: may be a stream, which is read from its beginning.
        names: of further columns to look at.
    """
    if isinstance(dataset, Dataset):
        known = [
            name
            for name, kind in dataset.features.items()
            if name in names or is_looked_at(name) or _is_nested(kind)
        ]
        looked_at = undecoded(dataset.with_format(None).select_columns(known))[:_ROWS] if known else {}
        return {name: looked_at.get(name, []) for name in dataset.column_names}
    rows = list(dataset.take(_ROWS))
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else {})}


def _is_nested(kind: Any) -> bool:
    return isinstance(kind, dict | List | LargeList | Json)


def texts_of(dataset: Dataset | IterableDataset) -> dict[str, list[Any]]:
    """The first values of all columns of texts, lists and objects."""
    kinds = dataset.features if isinstance(dataset, Dataset) else {}
    return sample_of(dataset, [name for name in kinds if getattr(kinds[name], "dtype", None) in TEXT_TYPES])
