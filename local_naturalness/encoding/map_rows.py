"""Rows as `datasets.map` passes them to a callable, and the form in which the callable returns new columns.

`map` infers the type of a column from the first values that are written. After a thousand unscored rows, the
type would be null. So values are returned as typed Arrow data: for a batch as a list that knows its type, for
a single row as an array of one element. An Arrow table, as Ray Data and Spark pass it, is returned with typed
columns added. For any other input, values are plain Python objects.
"""

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict
from datasets.formatting.formatting import LazyBatch, LazyRow

_DATASETS = (Dataset, DatasetDict, IterableDataset, IterableDatasetDict)


class TypedList(list[Any]):
    """A list with an Arrow type, so that a list of nulls does not become a column of type null."""

    def __init__(self, values: Iterable[Any], type: pa.DataType):
        super().__init__(values)
        self.type = type

    def __arrow_array__(self, type: pa.DataType | None = None) -> pa.Array:
        return pa.array(list(self), type=type or self.type)


class TableColumns(Mapping[str, list[Any]]):
    """An Arrow table as a dict of lists. Each column is read on first use."""

    def __init__(self, table: pa.Table):
        self.table = table
        self._lists: dict[str, list[Any]] = {}

    def __getitem__(self, name: str) -> list[Any]:
        if name not in self._lists:
            self._lists[name] = self.table.column(name).to_pylist()
        return self._lists[name]

    def __contains__(self, name: object) -> bool:
        return name in self.table.column_names

    def __iter__(self) -> Iterator[str]:
        return iter(self.table.column_names)

    def __len__(self) -> int:
        return len(self.table.column_names)


@dataclass(frozen=True)
class Rows:
    """Rows as they were passed to a scorer: a batch or one row, from `map` or from a direct call.

    Attributes:
        values: the columns.
        is_batch: whether columns are lists of values. Otherwise they are the values of one row.
        is_lazy: whether the rows come from `map`.
        table: the same rows, if they were passed as an Arrow table.
    """

    values: Mapping[str, Any]
    is_batch: bool
    is_lazy: bool
    table: pa.Table | None = None

    def column(self, name: str) -> list[Any]:
        """Values of a column, one per row. Arrays, as in the format 'numpy', become lists again."""
        value = self.values[name]
        values = list(value) if self.is_batch else [value]
        return [value.tolist() if isinstance(value, np.ndarray) else value for value in values]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def answer(self, columns: Mapping[str, Sequence[Any]], types: Mapping[str, pa.DataType]) -> Any:
        """New columns in the form in which the rows were passed. A table is returned with them added."""
        if self.table is not None:
            return _with_columns(self.table, columns, types)
        if self.is_lazy and self.is_batch:
            return {name: TypedList(values, types[name]) for name, values in columns.items()}
        if self.is_lazy:
            return {name: pa.array(values, types[name]) for name, values in columns.items()}
        if self.is_batch:
            return {name: list(values) for name, values in columns.items()}
        return {name: values[0] for name, values in columns.items()}


def read_rows(rows: Any, needed: Mapping[str, str], caller: str) -> Rows:
    """Recognise the form of the rows, and check that the needed columns exist.

    Args:
        rows: what `map` passes to its callable, a dict of lists (a batch) or of values (one row), or
            `TableColumns`.
        needed: argument name -> column name. The values of the last column tell a batch from a row.
        caller: name for error messages.
    """
    if isinstance(rows, _DATASETS):
        raise TypeError(
            f"{caller} works on rows, found a {type(rows).__name__}: "
            "call `dataset.map(scorer, batched=True)`."
        )
    if not isinstance(rows, Mapping):
        raise TypeError(
            f"{caller} needs rows as a dict or a `pyarrow.Table`, found "
            f"{type(rows).__module__}.{type(rows).__name__}. Datasets with the format 'pandas' or 'polars' "
            "and `input_columns` are not supported: call "
            "`dataset.with_format(None)` and name columns with "
            + ", ".join(f"`{argument}`" for argument in needed)
            + "."
        )
    missing = {argument: column for argument, column in needed.items() if column not in rows}
    if missing:
        raise ValueError(missing_columns_message(missing, list(rows), caller))
    if isinstance(rows, TableColumns):
        return Rows(rows, is_batch=True, is_lazy=False, table=rows.table)
    if isinstance(rows, LazyBatch | LazyRow):
        return Rows(rows, is_batch=isinstance(rows, LazyBatch), is_lazy=True)
    is_batch = is_column(rows[list(needed.values())[-1]])
    if is_batch:
        _check_lengths({column: rows[column] for column in needed.values()}, caller)
    return Rows(rows, is_batch, is_lazy=False)


def _with_columns(
    table: pa.Table, columns: Mapping[str, Sequence[Any]], types: Mapping[str, pa.DataType]
) -> pa.Table:
    """A table with columns added. Columns of the same name are replaced."""
    for name, values in columns.items():
        field, array = pa.field(name, types[name]), pa.array(values, types[name])
        place = table.schema.get_field_index(name)
        table = table.append_column(field, array) if place < 0 else table.set_column(place, field, array)
    return table


def missing_columns_message(missing: Mapping[str, str], found: Sequence[str], caller: str) -> str:
    """An error message: what was needed, what was found, and which arguments to pass.

    Args:
        missing: argument name -> column name.
        found: columns that exist.
        caller: name of the function or class that needs them.

    >>> missing_columns_message({"response_column": "response"}, ["prompt", "respone"], "LocalScorer")
    "LocalScorer needs the column 'response' and found 'prompt', 'respone'. Did you mean 'respone'? Pass \
`response_column=` with the right name."
    """
    listed = ", ".join(repr(name) for name in found) or "no column"
    near = [close for name in missing.values() for close in difflib.get_close_matches(name, found, n=1)]
    hint = f" Did you mean {' and '.join(map(repr, near))}?" if near else ""
    arguments = " and ".join(f"`{argument}=`" for argument in missing)
    several = "s" * (len(missing) > 1)
    return (
        f"{caller} needs the column{several} {' and '.join(map(repr, missing.values()))} and found {listed}."
        f"{hint} Pass {arguments} with the right name{several}."
    )


def _check_lengths(columns: Mapping[str, Any], caller: str) -> None:
    """Check that the columns of a batch are lists of the same length."""
    found = {name: len(value) if is_column(value) else "no list" for name, value in columns.items()}
    if len(set(found.values())) > 1:
        listed = ", ".join(f"{name!r}: {length}" for name, length in found.items())
        raise ValueError(
            f"{caller} needs a batch as lists of one length, found {listed}. One row holds one prompt and "
            "one response: rows that hold several responses must first become one row per response."
        )


def is_column(value: Any) -> bool:
    """Whether a value is a column of a batch rather than a field of one row.

    Texts and steps are columns if they are in a list. The only other list is the messages of one
    conversation.
    """
    if not isinstance(value, list | tuple | np.ndarray):
        return False
    return not (len(value) and isinstance(value[0], Mapping))
