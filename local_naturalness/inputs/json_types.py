"""Types of JSON values, and values in the form in which Arrow stores them.

Values of a column that have no type in common, such as texts beside lists, are stored as JSON texts
(`datasets.Json`), each of which reads as exactly the value it was.
"""

import json
from functools import reduce
from typing import Any

import pyarrow as pa
from datasets import Features, Json, List, Value

Row = dict[str, Any]

NULL = Value("null")
_WHOLE, _NUMBER = Value("int64"), Value("float64")
_PLAIN = {type(None): NULL, bool: Value("bool"), int: _WHOLE, float: _NUMBER, str: Value("string")}


def type_of(value: Any) -> Any:
    """The type of a value.

    >>> type_of({"ids": [1, 2.5], "names": []})
    {'ids': List(Value('float64')), 'names': List(Value('null'))}
    """
    if isinstance(value, dict):
        return {name: type_of(inner) for name, inner in value.items()} if value else Json()
    if isinstance(value, list):
        return List(reduce(united, map(type_of, value), NULL))
    return _PLAIN[type(value)]


def united(one: Any, other: Any) -> Any:
    """A type that holds the values of two types: objects are of one type if they have the same fields.

    >>> united(type_of([1]), type_of([None, 0.5]))
    List(Value('float64'))
    >>> united(type_of("a"), type_of(["a"])) == Json()
    True
    """
    if one is other or other is NULL or one == other:
        return one
    if one is NULL:
        return other
    if isinstance(one, List) and isinstance(other, List):
        return List(united(one.feature, other.feature))
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {name: united(inner, other[name]) for name, inner in one.items()}
    return _NUMBER if {id(one), id(other)} == {id(_WHOLE), id(_NUMBER)} else Json()


def as_table(rows: list[Row], features: Features) -> pa.Table:
    """Rows as a table, with JSON texts where values have no type in common.

    Args:
        rows: a row may lack columns, which are null there.
        features: types of all columns.
    """
    columns = []
    for name, feature in features.items():
        values = [row.get(name) for row in rows]
        if _is_rewritten(feature):
            values = [_stored(value, feature) for value in values]
        columns.append(pa.array(values, _storage(feature)))
    return pa.table(columns, names=list(features))


def _is_rewritten(feature: Any) -> bool:
    if isinstance(feature, dict):
        return any(map(_is_rewritten, feature.values()))
    return _is_rewritten(feature.feature) if isinstance(feature, List) else feature in (Json(), _NUMBER)


def _stored(value: Any, feature: Any) -> Any:
    if value is None:
        return None
    if isinstance(feature, Json):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(feature, dict):
        return {name: _stored(value[name], inner) for name, inner in feature.items()}
    if isinstance(feature, List):
        return [_stored(item, feature.feature) for item in value]
    return float(value) if feature == _NUMBER else value


def _storage(feature: Any) -> pa.DataType:
    """The type of the stored values: that of Arrow, with texts for JSON."""
    if isinstance(feature, Json):
        return pa.string()
    if isinstance(feature, dict):
        return pa.struct({name: _storage(inner) for name, inner in feature.items()})
    return pa.list_(_storage(feature.feature)) if isinstance(feature, List) else feature()
