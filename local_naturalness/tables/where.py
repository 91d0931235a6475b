"""Which rows count: evaluates `where`, a column, an SQL expression or a function of a row, for each row."""

import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import polars as pl
from datasets import ClassLabel, Dataset

from local_naturalness.tables.choice_columns import Columns
from local_naturalness.tables.requirements import nearest_columns

Row = dict[str, Any]
Where = str | Callable[[Row], bool | None]

# All that needs one row only. What is not named here, such as reading files or averages, is refused.
_FUNCTIONS = frozenset(
    "abs array_length cast ceil char_length coalesce ends_with exp floor greatest least left length ln log "
    "lower ltrim mod nullif pow regexp_like replace right round rtrim sign sqrt starts_with strpos substr "
    "trim try_cast upper".split()
)
_WORDS_BEFORE_BRACKETS = frozenset("and or not in when then else between like ilike is case".split())
_QUOTED = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"")
_CALLED = re.compile(r"([A-Za-z_]\w*)\s*\(")
_QUERY = re.compile(r"\b(?:select|table|values|with|(?<!distinct )from)\b|--|/\*", re.IGNORECASE)


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
    read = list(dict.fromkeys(_expression(where).meta.root_names()))
    missing = [name for name in read if name not in columns]
    if missing:
        raise ValueError(
            f"Column {missing[0]!r} is needed but not there; found: {columns}. "
            f"{nearest_columns(missing[0], columns)}Name the right one with `where=...`."
        )
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
            f"`where={where!r}` cannot be evaluated over the columns {kinds}: {_first_line(error)}."
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


def eligible_rows(dataset: Dataset, columns: Columns, where: Where | None) -> np.ndarray | None:
    """One flag per row of a dataset, or `None` if every row counts."""
    check_where(where)
    if where is None:
        return None
    if isinstance(where, str):
        return rows_where(columns, where)
    return function_verdicts(where, dataset.with_format(None))


def name_of_where(where: Where | None) -> str | None:
    """The text of a `where`, or the name of the function."""
    return where if where is None or isinstance(where, str) else getattr(where, "__qualname__", str(where))


def _expression(where: str) -> pl.Expr:
    plain = _QUOTED.sub(" ", where)
    called = {name.lower() for name in _CALLED.findall(plain)} - _WORDS_BEFORE_BRACKETS
    unknown = sorted(called - _FUNCTIONS)
    if unknown or _QUERY.search(plain):
        raise ValueError(
            f"`where` may look at one row only, found {unknown[0] if unknown else 'a query or a comment'} in "
            f"{where!r}. It may use columns, constants, and, or, not, in, between, like, is null, case, "
            f"arithmetic and the functions {', '.join(sorted(_FUNCTIONS))}; for more pass a function of a "
            "row from Python."
        )
    try:
        return pl.sql_expr(where)
    except pl.exceptions.PolarsError as error:
        raise ValueError(f"`where` is no SQL expression: {where!r} ({_first_line(error)}).") from error


def _series(columns: Columns, name: str) -> pl.Series:
    series = pl.Series(name, pl.from_arrow(columns.table.column(name)))
    if columns.indices is not None:
        series = series.gather(columns.indices)
    feature = columns.features.get(name) if columns.features else None
    if isinstance(feature, ClassLabel):
        names = pl.Series(feature.names, dtype=pl.String)
        series = pl.select(pl.lit(names).gather(series)).to_series().rename(name)
    return series.fill_nan(None) if series.dtype.is_float() else series


def _evaluated(table: pl.DataFrame, where: str) -> pl.Series:
    expression = pl.sql_expr(where)
    try:
        return table.select(expression).to_series()
    except pl.exceptions.PolarsError:
        # A verdict stored as 0 and 1 stands beside bools only when it is one itself.
        flags = [series.name for series in table if _is_zero_or_one(series)]
        if not flags:
            raise
        return table.with_columns(pl.col(flags).cast(pl.Boolean)).select(expression).to_series()


def _is_zero_or_one(series: pl.Series) -> bool:
    return series.dtype.is_numeric() and bool(((series == 0) | (series == 1)).drop_nulls().all())


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0]
