"""A look at a dataset before anything is done with it."""

from collections.abc import Collection, Mapping
from typing import Any

import datasets
from datasets import Dataset, IterableDataset

from local_naturalness.inputs.columns import undecoded

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


def parallel_lists(dataset: Dataset | IterableDataset, responses: str) -> tuple[str, ...]:
    """The column of lists of responses, and the columns of lists that have as many items in every row.

    A row's list may be null. Of a stream the first rows are looked at.
    """
    if isinstance(dataset, Dataset):
        names = [name for name, feature in dataset.features.items() if _is_list(feature)]
        batches = dataset.select_columns(names).with_format(None).iter(1000) if names else iter(())
    else:
        rows = list(dataset.take(_ROWS))
        names = [name for name in rows[0] if any(isinstance(row[name], list) for row in rows)]
        batches = iter([{name: [row[name] for row in rows] for name in names}])
    parallel = {name for name in names if name != responses}
    for batch in batches:
        sizes = _sizes(batch, responses)
        parallel = {name for name in parallel if _agree(_sizes(batch, name), sizes)}
    return responses, *(name for name in names if name in parallel)


def _sizes(batch: Mapping[str, Any], name: str) -> list[int | None]:
    return [None if value is None else len(value) for value in batch[name]]


def _agree(sizes: list[int | None], others: list[int | None]) -> bool:
    """Whether lists have as many items as others, and at least one row has any."""
    pairs = [(size, other or 0) for size, other in zip(sizes, others, strict=True) if size is not None]
    return all(size == other for size, other in pairs)


def _is_list(feature: Any) -> bool:
    """Lists of anything but messages: a conversation is one value, however many turns it has."""
    if not isinstance(feature, datasets.List | datasets.LargeList):
        return False
    inner = feature.feature
    is_message = isinstance(inner, dict) and (
        {"role", "content"} <= set(inner) or {"from", "value"} <= set(inner)
    )
    return not is_message and not type(inner).__name__ == "Json"
