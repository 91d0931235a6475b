"""Which rows count: evaluates `where`, a column, an SQL expression or a function of a row, for each row."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import polars as pl
from datasets import ClassLabel, Dataset

from local_naturalness.tables.choice_columns import Columns
from local_naturalness.tables.requirements import require_columns
from local_naturalness.tables.sql import expression_of, first_line

Row = dict[str, Any]
Where = str | Callable[[Row], bool | None]

_BITS = re.compile(r"\A[&|] on|\bbit(and|or|xor)\b")
_NO_BITS = " Beside `and` and `or` there must be bools, columns of 0 and 1, or comparisons such as `x > 0`."


def check_where(where: object) -> None:
    """Raise a TypeError unless `where` is a column, an expression or a function."""
    if not (where is None or isinstance(where, str) or callable(where)):
        raise TypeError(
            "`where` must be the name of a column, an SQL expression or a function of a row, got "
            f"{type(where).__name__}."
        )


def where_columns(where: str, columns: Iterable[str]) -> list[str]:
    """The columns that a `where` reads.

    Raises:
        ValueError: It is no SQL expression, looks at more than one row, or names a column that is missing.

    Example:

    >>> where_columns("is_correct and num_tokens < 8000", ["prompt", "is_correct", "num_tokens"])
    ['is_correct', 'num_tokens']
    """
    columns = list(columns)
    if where in columns:
        return [where]
    read = list(dict.fromkeys(expression_of(where).meta.root_names()))
    for name in read:
        require_columns(columns, {"where": name})
    if not read:
        raise ValueError(f"`where` must use a column, found {where!r}; columns: {columns}.")
    return read


def rows_where(columns: Columns, where: str) -> np.ndarray:
    """Whether each row passes, shape [rows]; False where the column or the expression is null.

    NaN counts as null, so that a row without a score passes no bound.

    Args:
        columns: The table.
        where: A column of bools or of 0 and 1, else an SQL expression over columns (the dialect of polars).

    Raises:
        ValueError: It cannot be evaluated.
        TypeError: A column, or the result, is neither bool nor 0 and 1.

    Example:

    >>> import pyarrow as pa
    >>> table = pa.table({"is_correct": [1, 1, 0, None], "num_tokens": [10, 900, 10, 10]})
    >>> rows_where(Columns(table), "is_correct and num_tokens < 100").tolist()
    [True, False, False, False]
    """
    read = where_columns(where, columns.names)
    if where in columns.names:
        return columns.flags(where)
    table = pl.DataFrame([_series(columns, name) for name in read])
    try:
        result = _evaluated(table, where)
    except pl.exceptions.PolarsError as error:
        kinds = ", ".join(f"{name} {kind}" for name, kind in table.schema.items())
        raise ValueError(
            f"`where={where!r}` cannot be evaluated over the columns {kinds}: {first_line(error)}."
            f"{_NO_BITS if _BITS.search(str(error)) else ''}"
        ) from error
    if len(result) != len(table):
        raise ValueError(f"`where` must give one verdict per row, found {len(result)} from {where!r}.")
    return Columns(result.rename(where).to_frame().to_arrow()).flags(where, sql=where)


def function_verdicts(where: Callable[[Row], bool | None], rows: Iterable[Row]) -> np.ndarray:
    """The verdict of a `where` function on each row, False where it returns None.

    Raises:
        TypeError: It returns something other than a bool, 0, 1 or None.
    """
    verdicts = []
    for row in rows:
        verdict = where(row)
        is_flag = isinstance(verdict, bool | np.bool_ | None) or (
            isinstance(verdict, int | np.integer) and verdict in (0, 1)
        )
        if not is_flag:
            raise TypeError(
                f"`where` must return True, False or None for a row, got {verdict!r} "
                f"({type(verdict).__name__})."
            )
        verdicts.append(bool(verdict))
    return np.array(verdicts, dtype=bool)


def eligible_rows(rows: Dataset | list[Row], columns: Columns, where: Where | None) -> np.ndarray | None:
    """One flag per row, or `None` if every row counts.

    Args:
        rows: For a function of a row.
        columns: The same rows, for a column or an expression.
        where: Which of them to use.
    """
    check_where(where)
    if where is None:
        return None
    if isinstance(where, str):
        return rows_where(columns, where)
    return function_verdicts(where, rows.with_format(None) if isinstance(rows, Dataset) else rows)


def name_of_where(where: Where | None) -> str | None:
    """The text of a `where`, or the name of the function."""
    return where if where is None or isinstance(where, str) else getattr(where, "__qualname__", str(where))


def _series(columns: Columns, name: str) -> pl.Series:
    series = pl.Series(name, pl.from_arrow(columns.table.column(name)))
    if columns.indices is not None:
        series = series.gather(columns.indices)
    feature = columns.features.get(name) if columns.features else None
    if isinstance(feature, ClassLabel):
        names = pl.Series(feature.names, dtype=pl.String)
        known = series.set(series < 0, None)  # -1: no label
        series = pl.select(pl.lit(names).gather(known)).to_series().rename(name)
    if series.dtype.is_integer():
        # Small and unsigned numbers have no room for what is computed from them: 1 - 2 would be 255.
        return series.cast(pl.Int128 if series.dtype == pl.UInt64 else pl.Int64)
    return series.fill_nan(None) if series.dtype.is_float() else series


def _evaluated(table: pl.DataFrame, where: str) -> pl.Series:
    expression = expression_of(where)
    try:
        return _without_bits(table, expression)
    except pl.exceptions.PolarsError:
        # A verdict stored as 0 and 1 stands beside bools, `and` and `or` only when it is one itself.
        flags = [series.name for series in table if _is_zero_or_one(series)]
        if not flags:
            raise
        return _without_bits(table.with_columns(pl.col(flags).cast(pl.Boolean)), expression)


def _without_bits(table: pl.DataFrame, expression: pl.Expr) -> pl.Series:
    """The values of an expression; an error if `and` or `or` would compute with the bits of integers."""
    values = table.select(expression).to_series()
    # Of floats there are no bits, so that polars refuses these where it would take those of integers.
    table.head(0).with_columns(pl.selectors.integer().cast(pl.Float64)).select(expression)
    return values


def _is_zero_or_one(series: pl.Series) -> bool:
    return series.dtype.is_numeric() and bool(((series == 0) | (series == 1)).drop_nulls().all())
