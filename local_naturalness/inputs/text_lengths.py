"""The lengths of the texts in a column, from Arrow's offsets, without reading the texts."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


def text_lengths(column: pa.ChunkedArray | pa.Array) -> np.ndarray:
    """Bytes of text in each value of a column: a text, a list of messages, or any other value with texts.

    Args:
        column: of a table.

    Returns:
        Shape [rows], int64; 0 for nulls and for values without text.

    Example:

    >>> text_lengths(pa.array([[{"role": "user", "content": "Why?"}], None, []])).tolist()
    [8, 0, 0]
    """
    if isinstance(column, pa.ChunkedArray):
        return np.concatenate([np.zeros(0, np.int64), *map(text_lengths, column.chunks)])
    if isinstance(column, pa.ExtensionArray):
        return text_lengths(column.storage)  # values that have no type of their own lie there as JSON
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return _filled(pc.binary_length(column))
    if pa.types.is_struct(kind):
        return sum(map(text_lengths, column.flatten()), np.zeros(len(column), np.int64))
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        ends = np.cumsum(_filled(pc.list_value_length(column)))
        until = np.concatenate([np.zeros(1, np.int64), np.cumsum(text_lengths(column.flatten()))])
        return np.diff(until[ends], prepend=0)
    return np.zeros(len(column), np.int64)


def _filled(lengths: pa.Array) -> np.ndarray:
    return pc.fill_null(lengths, 0).to_numpy(zero_copy_only=False).astype(np.int64)
