"""`map` for datasets and streams alike, with media that stay undecoded."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from datasets import Dataset, Features

from local_naturalness.inputs.columns import undecoded


def mapped(
    dataset: Any,
    function: Callable[..., dict[str, list[Any]]],
    *,
    removed: Sequence[str],
    features: Mapping[str, Any] | None,
    shown: str,
    settings: dict[str, Any] | None = None,
    with_indices: bool = False,
) -> Any:
    """A dataset whose batches a function has rewritten.

    Args:
        dataset: `Dataset` or a stream.
        function: from a batch to new columns.
        removed: columns that are not kept.
        features: types of the columns; `None` leaves them to `map`.
        shown: beside the progress bar. Streams have none.
        settings: further arguments of the function.
        with_indices: whether the function takes the numbers of the rows.
    """
    bar: dict[str, str] = {}
    if isinstance(dataset, Dataset):
        dataset, bar = undecoded(dataset.with_format(None)), {"desc": shown}
    return dataset.map(
        function,
        batched=True,
        with_indices=with_indices,
        fn_kwargs=settings,
        remove_columns=list(removed),
        features=None if features is None else Features(features),  # type: ignore[arg-type] # a mapping; its `*args` are not annotated
        **bar,
    )


def kept(dataset: Any, removed: Sequence[str]) -> dict[str, Any] | None:
    """Types of the columns that are not removed; `None` if those of a stream are not known."""
    if dataset.features is None:
        return None
    return {name: feature for name, feature in dataset.features.items() if name not in removed}


def columns_of(dataset: Any) -> list[str]:
    """Names of the columns; those of a stream may have to be read from its first row."""
    return list(dataset.column_names or next(iter(dataset), {}))
