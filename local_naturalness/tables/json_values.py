"""Columns of JSON values, made equal for equal JSON in any order of keys."""

import json
import math
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from local_naturalness.encoding.messages import without_nulls


def in_one_order(values: pa.Array) -> pa.Array:
    """Values with JSON in them as texts that are equal where the JSON is: keys sorted, nulls left out.

    Values without JSON come back as they are.

    >>> json_type = pa.json_()
    >>> stored = pa.array(['{"b": 1, "a": 2}', '{"a": 2, "b": 1, "c": null}'])
    >>> in_one_order(pa.ExtensionArray.from_storage(json_type, stored)).to_pylist()
    ['{"a": 2, "b": 1}', '{"a": 2, "b": 1}']
    """
    kind = values.type
    if bare_type(kind) == kind:
        return values
    if isinstance(kind, pa.JsonType):
        texts = [None if text is None else _in_order(text) for text in values.storage.to_pylist()]
        return pa.array(texts, pa.string())
    if pa.types.is_struct(kind):
        fields = [in_one_order(field) for field in values.flatten()]
        return pa.StructArray.from_arrays(fields, names=[field.name for field in kind], mask=values.is_null())
    lengths = pc.fill_null(pc.list_value_length(values), 0).to_numpy(zero_copy_only=False)
    offsets = pa.array(np.concatenate([[0], np.cumsum(lengths)]), pa.int64())
    return pa.LargeListArray.from_arrays(offsets, in_one_order(values.flatten()), mask=values.is_null())


def text_of_value(value: Any) -> str | None:
    """A text, or another value as a text in which keys are sorted and nulls left out."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(without_nulls(value), sort_keys=True, default=str)


def plain_number(value: Any) -> Any:
    """A value of a table as JSON can hold it; `None` for a number that is not finite."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def bare_type(kind: pa.DataType) -> pa.DataType:
    """The type of such values, with texts in the place of JSON."""
    if isinstance(kind, pa.JsonType):
        return pa.string()
    if pa.types.is_struct(kind):
        inner = [bare_type(field.type) for field in kind]
        if inner != [field.type for field in kind]:
            return pa.struct([pa.field(field.name, new) for field, new in zip(kind, inner, strict=True)])
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        new = bare_type(kind.value_type)
        return kind if new == kind.value_type else pa.large_list(new)
    return kind


def _in_order(text: str) -> str:
    return json.dumps(without_nulls(json.loads(text)), sort_keys=True)
