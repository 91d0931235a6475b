"""Typed access to the few columns a choice needs."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from datasets import ClassLabel, Dataset, Features

from local_naturalness.tables.content_hashes import (
    BLOCK,
    as_text,
    hash_texts,
    hash_twice,
    number_by_appearance,
)


def indices_of(dataset: Dataset) -> np.ndarray | None:
    """The rows of `dataset.data` that the dataset shows, or `None` when it shows all in order."""
    # `datasets` has no public way to read the mapping without copying the rows it points to.
    mapping = dataset._indices
    return None if mapping is None else mapping.column(0).to_numpy().astype(np.int64)


_MADE_BEFORE = "Make a column of bools of it first, with `dataset.map`."


@dataclass(frozen=True)
class Columns:
    """Typed access to the columns of a table.

    Args:
        table: All rows.
        indices: The rows to look at, in order; `None` means all.
        features: Feature types where known (a `ClassLabel` gives teachers their names).
    """

    table: pa.Table
    indices: np.ndarray | None = None
    features: Features | None = None

    @classmethod
    def of(cls, dataset: Dataset) -> "Columns":
        """The columns of a dataset; nothing is read yet."""
        return cls(dataset.data.table, indices_of(dataset), dataset.features)

    @property
    def names(self) -> list[str]:
        return self.table.column_names

    def __len__(self) -> int:
        return self.table.num_rows if self.indices is None else len(self.indices)

    def _shown(self, values: np.ndarray) -> np.ndarray:
        return values if self.indices is None else values[self.indices]

    def numbers(self, name: str) -> np.ndarray:
        """A numeric or bool column as float64, NaN where null.

        Raises:
            TypeError: The column holds something else.
        """
        column = self.table.column(name)
        kind = column.type
        if not holds_numbers(kind):
            raise TypeError(
                f"Column {name!r} must hold numbers, found type {kind}. Name another column or "
                f'convert it: `dataset.cast_column({name!r}, Value("float64"))`.'
            )
        if pa.types.is_boolean(kind):
            column = column.cast(pa.int8())
        return self._shown(column.cast(pa.float64(), safe=False).to_numpy())

    def integers(self, name: str) -> np.ndarray | None:
        """The column as int64 or uint64 where `numbers` has to round it, else `None`; null is 0."""
        column = self.table.column(name)
        if not pa.types.is_integer(column.type) or column.type.bit_width < 64:
            return None
        bounds = pc.min_max(column).as_py().values()
        if all(bound is None or abs(bound) <= 2**53 for bound in bounds):
            return None
        return self._shown(column.fill_null(0).to_numpy())

    def flags(self, name: str, sql: str | None = None) -> np.ndarray:
        """A column of bools, or of the numbers 0 and 1, as bools; False where null or NaN.

        Args:
            name: Of the column.
            sql: What `where` calls it, for the advice in errors; `None` is its name. An empty text gives no
                advice on `where`.

        Raises:
            TypeError: The column holds something else.
        """
        column = self.table.column(name)
        kind = column.type
        if sql is None:
            sql = name if name.isidentifier() else '"{}"'.format(name.replace('"', '""'))
        if pa.types.is_null(kind):
            column = column.cast(pa.bool_())
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind):
            column = _zero_or_one(name, column, sql)
        elif not pa.types.is_boolean(kind):
            raise TypeError(
                f"Column {name!r} must hold bools, or 0 and 1, found type {kind}. {_made_flags(sql, kind)}"
            )
        return self._shown(pc.fill_null(column, False).to_numpy())

    def labels(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column of few distinct values (teachers) as codes into a list of names; null and NaN are -1."""
        column = _without_nan(self.table.column(name))
        kind = column.type
        if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
            raise TypeError(f"Column {name!r} must hold names, found type {kind}.")
        if pa.types.is_null(column.type):
            column = column.cast(pa.string())
        is_json = isinstance(column.type, pa.JsonType)  # names and numbers
        if is_json:
            column = column.cast(pa.string())
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        chunks = column.unify_dictionaries().chunks
        values = chunks[0].dictionary.to_pylist() if chunks else []
        if is_json:
            values = [None if value is None else json.loads(value) for value in values]
        feature = None if self.features is None else self.features.get(name)
        if isinstance(feature, ClassLabel):
            values = [feature.int2str(value) if value >= 0 else None for value in values]  # -1: no label
        parts = [chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy() for chunk in chunks]
        codes = self._shown(np.concatenate([np.zeros(0, dtype=np.int64), *parts]))
        names: dict[str, int] = {}
        code_of = [-1 if value is None else names.setdefault(str(value), len(names)) for value in values]
        return np.asarray([*code_of, -1], dtype=np.int64)[codes], list(names)

    def counts(self, name: str) -> np.ndarray:
        """Counts of tokens or steps, shape [rows]; NaN for 0, which stands where nothing was scored."""
        numbers = self.numbers(name)
        return np.where(numbers == 0, np.nan, numbers)

    def distinct(self, name: str, limit: int | None = None) -> list[str]:
        """Up to `limit` (or all) distinct non-null values among the rows shown, in order of appearance."""
        codes, values = self.labels(name)
        seen = pd.unique(codes[codes >= 0])
        return [values[code] for code in seen[:limit]]

    def prompt_codes(self, name: str) -> np.ndarray:
        """Number the prompts 0, 1, ... in order of first appearance; null and NaN are -1.

        Prompts are strings, numbers or message lists; equal content is the same prompt. They are
        told apart by a 64-bit hash, verified by a second one: that two of 10 million prompts
        collide in the first has a probability of 3e-6 and is an error, never a silent mixture.
        """
        column = _without_nan(self.table.column(name))
        if pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type):
            raise TypeError(
                f"Column {name!r} must hold prompts as texts or messages, found bytes. Decode them: "
                f"`dataset.map(lambda row: {{{name!r}: row[{name!r}].decode()}})`."
            )
        is_prompt = self._shown(pc.is_valid(column).to_numpy())
        keys, checks = (self._shown(hashes)[is_prompt] for hashes in hash_twice(column))
        numbers = number_by_appearance(keys)
        if not np.array_equal(checks[first_rows(numbers)][numbers], checks):
            raise RuntimeError(f"Two different prompts in column {name!r} have the same hash.")
        codes = np.full(len(is_prompt), -1, dtype=np.int64)
        codes[is_prompt] = numbers
        return codes

    def text_hashes(self, name: str, rows: np.ndarray, ends_only: bool = False) -> pl.Series:
        """A hash of some rows' text, white space counting as one blank; null where there is no text.

        Args:
            name: A column of text or message lists.
            rows: Row numbers, shape [n].
            ends_only: Hash only the first and the last word (64 characters at most), which takes a fifth of
                the time.

        Returns:
            Series of n 64-bit hashes, to be compared within one process only.
        """
        hashes = np.zeros(len(rows), dtype=np.uint64)
        has_text = np.zeros(len(rows), dtype=bool)
        for places, block in self._texts(name, rows):
            text = block.str.strip_chars()
            has_text[places] = (text.fill_null("") != "").to_numpy()
            if ends_only:
                first = text.str.head(64).str.extract(r"^(\S+)")
                last = text.str.tail(64).str.extract(r"(\S+)$")
                hashes[places] = (first.hash(seed=0) ^ last.hash(seed=1)).to_numpy()
            else:
                hashes[places] = text.str.replace_all(r"\s+", " ").hash().to_numpy()
        series = pl.Series("hashes", hashes)
        return pl.select(pl.when(pl.lit(pl.Series(has_text))).then(pl.lit(series))).to_series()

    def content_keys(self, name: str, rows: np.ndarray, seed: int) -> np.ndarray:
        """A hash of some rows' content that is the same on every platform (XXH3, 64 bits).

        Args:
            name: A column of text, numbers or message lists; null counts as empty text.
            rows: Row numbers, shape [n].
            seed: Other seeds give other keys.

        Returns:
            Shape [n], uint64.
        """
        keys = np.empty(len(rows), dtype=np.uint64)
        for places, block in self._texts(name, rows):
            keys[places] = hash_texts(block, seed)
        return keys

    def _texts(self, name: str, rows: np.ndarray) -> Iterator[tuple[np.ndarray, pl.Series]]:
        """The text of some rows, block by block: `take` on a column of many chunks would copy it whole first.

        Yields:
            Places in `rows`, and the texts of the rows there.
        """
        inside = rows if self.indices is None else self.indices[rows]
        order = np.argsort(inside, kind="stable")
        ascending = inside[order]
        for start in range(0, self.table.num_rows, BLOCK):
            low, high = np.searchsorted(ascending, [start, start + BLOCK])
            if low < high:
                block = as_text(self.table.column(name).slice(start, BLOCK))
                yield order[low:high], block.gather(ascending[low:high] - start)


def holds_numbers(kind: pa.DataType) -> bool:
    """Whether columns of a type can be read as numbers."""
    return (
        pa.types.is_floating(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_null(kind)
    )


def _without_nan(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column whose NaN are null: pandas writes a missing name or id among numbers so."""
    is_float = pa.types.is_float32(column.type) or pa.types.is_float64(column.type)
    return pc.if_else(pc.is_nan(column), None, column) if is_float else column


def first_rows(codes: np.ndarray) -> np.ndarray:
    """The first row of each code 0, 1, ..., shape [codes]; rows with code -1 are passed over."""
    first = np.zeros(codes.max(initial=-1) + 1, dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)[::-1]
    first[codes[rows]] = rows
    return first


def _made_flags(sql: str, kind: pa.DataType) -> str:
    """What to do with a column of another type, as far as its type tells."""
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return (
            "A row must have one verdict, not a list: make one row per response with `to_rows(dataset)` of "
            "`local_naturalness.shapes` before it is scored, which also splits lists that run parallel with "
            "the responses."
        )
    if not sql:
        return _MADE_BEFORE
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return f"Write what is meant, such as `where=\"{sql} = 'yes'\"`, or pass a function of a row."
    return "Pass a function of a row."


def _zero_or_one(name: str, column: pa.ChunkedArray, sql: str) -> pa.ChunkedArray:
    numbers = column.cast(pa.float64()).to_numpy()
    others = numbers[~np.isnan(numbers) & (numbers != 0) & (numbers != 1)]
    if len(others):
        advice = f'Write the condition that is meant, such as `where="{sql} > 0.5"`, or pass a function of a'
        raise TypeError(
            f"Column {name!r} must hold bools, or 0 and 1, found {others[0]:g}. "
            f"{f'{advice} row.' if sql else _MADE_BEFORE}"
        )
    return pa.chunked_array([numbers == 1])
