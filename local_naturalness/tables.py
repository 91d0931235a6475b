"""The few columns a choice needs, read without touching the text of the others.

`Columns` reads numbers, flags, teacher names and prompt identities from the Arrow table behind a
dataset. An indices mapping (left by `select`, `filter`, `shuffle`) is applied to the small results,
never to the text.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import xxhash
from datasets import ClassLabel, Dataset, DatasetDict, Features, Value
from datasets.fingerprint import update_fingerprint

_BLOCK = 500_000


def require_columns(columns: list[str], needed: Mapping[str, str]) -> None:
    """Raise a ValueError that names what is missing.

    Args:
        columns: What the dataset has.
        needed: Argument name -> column that it points to.
    """
    for argument, column in needed.items():
        if column not in columns:
            raise ValueError(
                f"Column {column!r} is needed but not there; found: {columns}. "
                f"Name the right one with `{argument}=...`."
            )


def require_dataset(dataset: object, function: str) -> None:
    """Raise a TypeError, with the way out, unless `dataset` is a `Dataset`."""
    if isinstance(dataset, DatasetDict):
        raise TypeError(
            f"`{function}` needs one Dataset, got a DatasetDict with splits {list(dataset)}: "
            f"pass `dataset[{next(iter(dataset), None)!r}]`, or join the splits with "
            "`datasets.concatenate_datasets`."
        )
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"`{function}` needs a Dataset, got {type(dataset).__name__}. Load it without "
            "`streaming=True`; for a table use `Dataset.from_pandas`."
        )


def indices_of(dataset: Dataset) -> np.ndarray | None:
    """The rows of `dataset.data` that the dataset shows, or `None` when it shows all in order."""
    # `datasets` has no public way to read the mapping without copying the rows it points to.
    mapping = dataset._indices
    return None if mapping is None else mapping.column(0).to_numpy().astype(np.int64)


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
        if not (
            pa.types.is_floating(kind)
            or pa.types.is_integer(kind)
            or pa.types.is_boolean(kind)
            or pa.types.is_decimal(kind)
            or pa.types.is_null(kind)
        ):
            raise TypeError(
                f"Column {name!r} must hold numbers, found type {kind}. Name another column or "
                f'convert it: `dataset.cast_column({name!r}, Value("float64"))`.'
            )
        if pa.types.is_boolean(kind):
            column = column.cast(pa.int8())
        return self._shown(column.cast(pa.float64()).to_numpy())

    def flags(self, name: str) -> np.ndarray:
        """A bool column, False where null.

        Raises:
            TypeError: The column is not bool.
        """
        column = self.table.column(name)
        if pa.types.is_null(column.type):
            column = column.cast(pa.bool_())
        if not pa.types.is_boolean(column.type):
            raise TypeError(
                f"Column {name!r} must be of type bool, found {column.type}. Convert it: "
                f'`dataset.cast_column({name!r}, Value("bool"))`, or pass a function of a row.'
            )
        return self._shown(pc.fill_null(column, False).to_numpy())

    def labels(self, name: str) -> tuple[np.ndarray, list[str]]:
        """A column of few distinct values (teachers) as codes into a list of names; null is -1."""
        column = self.table.column(name)
        if pa.types.is_nested(column.type):
            raise TypeError(f"Column {name!r} must hold names, found type {column.type}.")
        if pa.types.is_null(column.type):
            column = column.cast(pa.string())
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        chunks = column.unify_dictionaries().chunks
        values = chunks[0].dictionary.to_pylist() if chunks else []
        feature = (self.features or {}).get(name)
        if isinstance(feature, ClassLabel):
            values = [feature.int2str(value) for value in values]
        codes = [chunk.indices.cast(pa.int64()).fill_null(-1).to_numpy() for chunk in chunks]
        codes = self._shown(np.concatenate([np.zeros(0, dtype=np.int64), *codes]))
        return codes, [str(value) for value in values]

    def distinct(self, name: str, limit: int) -> list[str]:
        """Up to `limit` distinct non-null values among the rows shown, in order of appearance."""
        codes, values = self.labels(name)
        seen = pd.unique(codes[codes >= 0])
        return [values[code] for code in seen[:limit]]

    def prompt_codes(self, name: str) -> np.ndarray:
        """Number the prompts 0, 1, ... in order of first appearance; null is -1.

        Prompts are strings, numbers or message lists; equal content is the same prompt. They are
        told apart by a 64-bit hash, verified by a second one: that two of 10 million prompts
        collide in the first has a probability of 3e-6 and is an error, never a silent mixture.
        """
        column = self.table.column(name)
        is_prompt = self._shown(pc.is_valid(column).to_numpy())
        keys, checks = (self._shown(hashes)[is_prompt] for hashes in _hash(column))
        numbers = _number_by_appearance(keys)
        if not np.array_equal(checks[first_rows(numbers)][numbers], checks):
            raise RuntimeError(f"Two different prompts in column {name!r} have the same hash.")
        codes = np.full(len(is_prompt), -1, dtype=np.int64)
        codes[is_prompt] = numbers
        return codes

    def content_keys(self, name: str, rows: np.ndarray, seed: int) -> np.ndarray:
        """A hash of some rows' content that is the same on every platform (XXH3, 64 bits).

        Args:
            name: A column of text, numbers or message lists; null counts as empty text.
            rows: Row numbers, shape [n].
            seed: Other seeds give other keys.

        Returns:
            Shape [n], uint64.
        """
        places = rows if self.indices is None else self.indices[rows]
        keys = np.empty(len(rows), dtype=np.uint64)
        order = np.argsort(places, kind="stable")
        ascending = places[order]
        # Block by block: `take` on a column of many chunks would copy the whole column first.
        for start in range(0, self.table.num_rows, _BLOCK):
            low, high = np.searchsorted(ascending, [start, start + _BLOCK])
            if low < high:
                block = _as_text(self.table.column(name).slice(start, _BLOCK))
                keys[order[low:high]] = hash_texts(block.gather(ascending[low:high] - start), seed)
        return keys


def hash_texts(texts: Iterable[str | None], seed: int) -> np.ndarray:
    """XXH3 of each text, shape [texts], uint64; null counts as empty text."""
    digest = partial(xxhash.xxh3_64_intdigest, seed=seed & (2**64 - 1))
    return np.fromiter((digest((text or "").encode()) for text in texts), np.uint64)


def first_rows(codes: np.ndarray) -> np.ndarray:
    """The first row of each code 0, 1, ..., shape [codes]; rows with code -1 are passed over."""
    first = np.zeros(codes.max(initial=-1) + 1, dtype=np.int64)
    rows = np.flatnonzero(codes >= 0)[::-1]
    first[codes[rows]] = rows
    return first


def _hash(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    keys, checks = np.empty((2, len(column)), dtype=np.uint64)
    for start in range(0, len(column), _BLOCK):
        text = _as_text(column.slice(start, _BLOCK))
        keys[start : start + _BLOCK] = text.hash(seed=0)
        checks[start : start + _BLOCK] = text.hash(seed=1)
    return keys, checks


def _as_text(block: pa.ChunkedArray) -> pl.Series:
    if pa.types.is_dictionary(block.type):
        block = block.cast(block.type.value_type)
    series = pl.Series("text", pl.from_arrow(block))
    return series.to_frame().select(_text(pl.col("text"), series.dtype)).to_series()


def _text(value: pl.Expr, kind: pl.DataType) -> pl.Expr:
    if isinstance(kind, pl.BaseExtension):
        return _text(value.ext.storage(), kind.ext_storage())
    if isinstance(kind, pl.List):
        item = pl.element()
        if isinstance(kind.inner, pl.BaseExtension):
            item = item.ext.storage()
        # JSON holds no raw newline, so lists of different items never become the same text.
        return value.list.eval(pl.struct(item).struct.json_encode()).list.join("\n")
    if isinstance(kind, pl.Struct):
        return value.struct.json_encode()
    return value.cast(pl.String)


def _number_by_appearance(keys: np.ndarray) -> np.ndarray:
    # Rows of one prompt mostly stand together: only the head of each run needs the hash table.
    is_head = np.ones(len(keys), dtype=bool)
    is_head[1:] = keys[1:] != keys[:-1]
    heads = np.flatnonzero(is_head)
    codes, _ = pd.factorize(keys[heads])
    return np.repeat(codes, np.diff(heads, append=len(keys)))


def select_with_columns(dataset: Dataset, rows: np.ndarray, added: Mapping[str, pa.Array]) -> Dataset:
    """`dataset.select(rows)` with columns added, text neither copied nor flattened.

    Args:
        dataset: Without columns of the new names.
        rows: Row numbers of `dataset`, shape [n].
        added: New columns of n values each, aligned with `rows`. Their types are kept.

    Returns:
        A dataset of n rows over the same table as `dataset`, which must not point to one row of
        its table twice among `rows` (then the selected rows are copied).
    """
    # Left to itself, `datasets` would pickle the row numbers one by one: 25 s for 2.5 million.
    fingerprint = update_fingerprint(
        dataset._fingerprint, select_with_columns, {"rows": rows, "added": dict(added)}
    )
    shown, indices = dataset, indices_of(dataset)
    targets = rows if indices is None else indices[rows]
    if len(pd.unique(targets)) < len(targets):
        shown = shown.select(rows.tolist()).flatten_indices()
        targets = np.arange(len(rows))
    elif indices is not None:
        shown = Dataset(shown.data, info=shown.info.copy(), split=shown.split, fingerprint=fingerprint)
    for name, values in added.items():
        shown = shown.add_column(
            name,
            _spread(values, targets, len(shown)),
            new_fingerprint=fingerprint,
            feature=Value(str(values.type)),
        )
    selected = shown.select(targets.tolist(), new_fingerprint=fingerprint)
    return _with_format_of(dataset, selected, list(added))


def _spread(values: pa.Array, targets: np.ndarray, num_rows: int) -> pa.Array:
    source = np.full(num_rows, -1, dtype=np.int64)
    source[targets] = np.arange(len(targets))
    return values.take(pa.array(source, mask=source < 0))


def _with_format_of(dataset: Dataset, result: Dataset, added: list[str]) -> Dataset:
    wanted = dataset.format
    chosen = [name for name in wanted["columns"] if name in result.column_names]
    shows_all = set(wanted["columns"]) == set(dataset.column_names)
    return result.with_format(
        wanted["type"],
        columns=None if shows_all else list(dict.fromkeys([*chosen, *added])),
        output_all_columns=wanted["output_all_columns"],
        **wanted["format_kwargs"],
    )
