"""Tables that were joined of tables with other names: each column is null where the other has a value."""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow.compute as pc
from datasets import Dataset

from local_naturalness.counted import counted
from local_naturalness.inputs.column_names import CONVERSATIONS, RESPONSE_LISTS, renamed, usual_name
from local_naturalness.listed import listed

_ROWS_AT_ONCE = 10_000


def refuse_other_names(dataset: Dataset, read: Collection[str]) -> None:
    """Refuse a table some of whose rows have a prompt or response in a column that is not read.

    Args:
        dataset: the table.
        read: columns of prompts, responses, conversations and teachers, without those that the user named.

    Raises:
        ValueError: there is such a column. The message says how to rename it.

    >>> rows = {"prompt": ["2 + 3?", "4?"], "response": ["5.", None], "answer": [None, "4."]}
    >>> refuse_other_names(Dataset.from_dict(rows), ["prompt", "response"])
    Traceback (most recent call last):
    ...
    ValueError: In 1 of 2 rows, 'response' is null and 'answer' has a value, as in tables that were joined \
although their columns have other names. If they hold the same, rename the columns before you join the \
tables: `rename_columns({'answer': 'response'})`. If not, remove 'answer', or pass \
`response_column='response'`.
    """
    columns = [name for name in dataset.column_names if name in read]
    unread = [name for name in dataset.column_names if usual_name(name) is not None and name not in columns]
    if not columns or not unread:
        return
    has_value = _has_value(dataset, [*columns, *unread])
    instead = {
        name: [column for column in columns if _alternate(has_value[column], has_value[name])]
        for name in unread
    }
    instead = {name: found for name, found in instead.items() if _is_meant(name, found)}
    if not instead:
        return
    nulls = list(dict.fromkeys(column for found in instead.values() for column in found))
    rows = int(np.any([has_value[name] for name in instead], axis=0).sum())
    names = {name: new for name in instead for new in renamed([name], nulls).values()}
    how = (
        f"rename the columns before you join the tables: `rename_columns({names!r})`"
        if len(names) == len(instead)
        else "bring the tables into one shape before you join them, such as with `to_rows`"
    )
    empty, full = (listed([*map(repr, names)]) for names in (nulls, instead))
    arguments = {usual_name(name): name for name in nulls if usual_name(name) in ("prompt", "response")}
    passed = [f"`{part}_column={name!r}`" for part, name in arguments.items()]
    meant = f", or pass {listed(passed)}" if len(passed) == len(nulls) else ""
    raise ValueError(
        f"In {rows:,} of {counted(len(dataset), 'row')}, {empty} {_are(nulls, 'is', 'are')} null and {full} "
        f"{_are(instead, 'has a value', 'have values')}, as in tables that were joined although their "
        f"columns have other names. If they hold the same, {how}. If not, remove {full}{meant}."
    )


def _is_meant(name: str, columns: Sequence[str]) -> bool:
    """Whether an unread column may hold what is null in other columns."""
    chats = name in CONVERSATIONS or any(column in CONVERSATIONS for column in columns)
    lists = name in RESPONSE_LISTS or any(column in RESPONSE_LISTS for column in columns)
    return bool(columns) and (chats or lists or bool(renamed([name], columns)))


def _alternate(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether either column has values, and both nowhere."""
    return bool(one.any() and other.any() and not (one & other).any())


def _has_value(dataset: Dataset, names: Sequence[str]) -> dict[str, np.ndarray]:
    """Which rows have a value, for each column."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for batch in dataset.select_columns(list(names)).with_format("arrow").iter(_ROWS_AT_ONCE):
        for name, found in parts.items():
            found.append(pc.is_valid(batch.column(name)).to_numpy())
    return {name: np.concatenate(found) for name, found in parts.items()}


def _are(names: Collection[str], one: str, several: str) -> str:
    return one if len(names) == 1 else several
