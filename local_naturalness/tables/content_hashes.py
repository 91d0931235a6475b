"""The content of rows as numbers: hashes of text, numbers or message lists."""

from collections.abc import Iterable
from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import xxhash
from polars.datatypes import DataTypeClass

from local_naturalness.tables.json_values import bare_type, in_one_order

# Rows at a time; a whole column as text would need as much memory again.
BLOCK = 500_000


def hash_texts(texts: Iterable[str | None], seed: int) -> np.ndarray:
    """XXH3 of each text, shape [texts], uint64; null counts as empty text."""
    digest = partial(xxhash.xxh3_64_intdigest, seed=int(seed) & (2**64 - 1))
    return np.fromiter((digest((text or "").encode()) for text in texts), np.uint64)


def hash_twice(column: pa.ChunkedArray) -> tuple[np.ndarray, np.ndarray]:
    """Two independent 64-bit hashes of every row, each of shape [rows]."""
    keys, checks = np.empty((2, len(column)), dtype=np.uint64)
    for start in range(0, len(column), BLOCK):
        text = as_text(column.slice(start, BLOCK))
        keys[start : start + BLOCK] = text.hash(seed=0)
        checks[start : start + BLOCK] = text.hash(seed=1)
    return keys, checks


def as_text(block: pa.ChunkedArray) -> pl.Series:
    """The rows as text: numbers as written, message lists as JSON; equal content gives equal text."""
    if pa.types.is_dictionary(block.type):
        block = block.cast(block.type.value_type)
    block = pa.chunked_array([in_one_order(chunk) for chunk in block.chunks], bare_type(block.type))
    series = pl.Series("text", pl.from_arrow(block))
    return series.to_frame().select(_text(pl.col("text"), series.dtype)).to_series()


def _text(value: pl.Expr, kind: pl.DataType | DataTypeClass) -> pl.Expr:
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
    if isinstance(kind, pl.Array):
        return _text(value.arr.to_list(), pl.List(kind.inner))
    if kind == pl.Duration:
        value = value.to_physical()
    return value.cast(pl.String)


def number_by_appearance(keys: np.ndarray) -> np.ndarray:
    """Number equal keys 0, 1, ... in order of first appearance, shape [rows]."""
    # Rows of one prompt mostly stand together: only the head of each run needs the hash table.
    is_head = np.ones(len(keys), dtype=bool)
    is_head[1:] = keys[1:] != keys[:-1]
    heads = np.flatnonzero(is_head)
    codes, _ = pd.factorize(keys[heads])
    return np.repeat(codes, np.diff(heads, append=len(keys)))
