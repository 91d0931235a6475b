"""Rows that a scorer is given in another shape, if it has one response per row."""

import logging
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from datasets.formatting.formatting import LazyBatch, LazyRow

from local_naturalness.encoding.map_rows import (
    Rows,
    TableColumns,
    is_column,
    missing_columns_message,
    read_rows,
)
from local_naturalness.shapes.hints import hint
from local_naturalness.shapes.recognise import recognise
from local_naturalness.shapes.replies import columns_of_replies
from local_naturalness.shapes.seen import is_looked_at
from local_naturalness.shapes.shape import Shape

logger = logging.getLogger(__name__)

_VALUES = 100


def shape_of(rows: Any, caller: str) -> Shape | None:
    """The shape of the first rows that a scorer is given, logged in one line; `None` if it is not known.

    Raises:
        ValueError: a row holds several responses, and a scorer cannot add rows; or responses are missing,
            and there are columns that look like those of several teachers.
    """
    if not isinstance(rows, Mapping):
        return None
    sample = {name: _values(rows, name) if is_looked_at(name) else [] for name in rows}
    shape = recognise(sample)
    if shape is None and "response" not in rows:
        if hinted := hint({name: _values(rows, name) for name in rows}):
            needed = {"prompt_column": "prompt", "response_column": "response"}
            missing = {argument: column for argument, column in needed.items() if column not in rows}
            raise ValueError(missing_columns_message(missing, list(rows), caller) + hinted)
    if shape is None and (replies := columns_of_replies({name: _values(rows, name) for name in rows})):
        raise ValueError(
            f"{caller} needs texts or messages, and {replies[0]!r} holds replies of an inference server: "
            "call `to_rows(dataset)` of `local_naturalness.shapes` first."
        )
    if shape is not None and not shape.is_row_by_row:
        raise ValueError(
            f"{caller} scores one response per row, and here each row holds a list of them "
            f"({shape.lists[0]!r}): call `to_rows(dataset)` of `local_naturalness.shapes` first."
        )
    if shape is not None and shape.told:
        logger.warning("%s", shape)
    return shape


def read_shaped(rows: Any, shape: Shape, caller: str) -> Rows:
    """Rows with the columns that scorers read beside those that are there.

    Args:
        rows: what `dataset.map` passes, or a dict of lists or of values.
        shape: of these rows.
        caller: name for error messages.
    """
    read = read_rows(rows, {f"{name}_column": name for name in shape.read_columns}, caller)
    written = {new: read.column(old) for old, new in shape.renamed.items() if old in read}
    if shape.convert is not None:
        written |= shape.convert({name: read.column(name) for name in shape.read_columns})
    if not read.is_batch:
        written = {name: values[0] for name, values in written.items()}
    return replace(read, values=ChainMap(written, read.values))  # type: ignore[arg-type] # only its first is written to


def _values(rows: Mapping[str, Any], name: str) -> list[Any]:
    value = rows[name]
    if isinstance(rows, LazyRow) or not (isinstance(rows, LazyBatch | TableColumns) or is_column(value)):
        return [value]
    return list(value[:_VALUES])
