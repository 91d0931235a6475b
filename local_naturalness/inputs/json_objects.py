"""JSON files that are one object around the rows, such as `{"data": [...]}`.

The reader of `datasets` takes such a file for a single row.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local_naturalness.counted import counted
from local_naturalness.inputs.compression import opened
from local_naturalness.inputs.json_text import DoubledName, loads
from local_naturalness.inputs.json_types import Row
from local_naturalness.listed import listed

# An object with one of these is a row, however many lists it holds, ...
_OF_ROWS = frozenset(
    "prompt problem question query instruction messages conversations conversation chosen rejected response "
    "responses completion completions choices outputs candidates generations generation input output".split()
)
# ... unless a list of objects beside it has one of these names.
_AROUND_ROWS = frozenset(
    "data rows train test validation valid val dev eval examples samples items records instances entries "
    "results dataset".split()
)

# What stands beside the rows and is told of each of them.
_TEACHERS = ("teacher", "model")


class WrongObject(ValueError):
    """A file is one object around no rows, or around several lists of them."""


def rows_in_object(
    value: Row, path: Path, asked: str | None = None
) -> tuple[Sequence[Row], str | None] | None:
    """The rows of an object that is around them, and how they are read; `None` if the object is a row.

    These are read: a list of objects; the answer of the Hub's viewer, which has each in `row`; and what
    pandas writes with `to_json`, by columns or by rows.

    Args:
        value: the only value of a file.
        path: of the file.
        asked: name of the list, where there are several.

    Raises:
        WrongObject: the list is empty; or there are several, and `asked` is none of them.
    """
    lists = {name: rows for name, rows in value.items() if _are_rows(rows)}
    around = [
        name for name, rows in value.items() if name.lower() in _AROUND_ROWS and rows in ([], lists.get(name))
    ]
    others = [] if _is_row(value) else [name for name, rows in lists.items() if any(map(_is_row, rows))]
    if names := around or others:
        name = _chosen(names, path, asked)
        if not value[name]:
            raise WrongObject(f"{str(path)!r} holds no rows: its list {name!r} is empty.")
        teacher = {key: value[key] for key in _TEACHERS if isinstance(value.get(key), str)}
        teacher = {} if any(not teacher.keys().isdisjoint(row) for row in value[name]) else teacher
        others = [f"`{other}`" for other in value if other not in (name, *teacher)]
        told = f"{path.name} is one object: its list `{name}` is read as the rows."
        if others:
            told += f" Its {listed(others, at_most=5)} {'are' if len(others) > 1 else 'is'} not read."
        return [{**_unwrapped(row), **teacher} for row in value[name]], told
    rows = _split_table(value) or _columns(value) or _by_key(value)
    return None if rows is None else (rows, None)


def one_object(path: Path) -> Row | None:
    """The value of a file that holds one JSON object; of JSON Lines, no more than two lines are read."""
    with opened(path) as file:
        lines = (line for line in file if line.strip())
        first = next(lines, b"")
        if not first.lstrip().removeprefix(b"\xef\xbb\xbf").startswith(b"{"):
            return None
        second = next(lines, b"")
        value = _parsed(first)
        if value is None:  # it goes over several lines, or is no JSON, which the reader of lines tells
            value = _parsed(first + second + b"".join(lines))
        elif second:
            return None
    return value if isinstance(value, dict) else None


def _parsed(data: bytes) -> Any:
    try:
        return loads(data)
    except DoubledName:
        raise
    except ValueError:
        return None


def _chosen(names: Sequence[str], path: Path, asked: str | None) -> str:
    if len(names) == 1 and asked in (None, "train"):
        return names[0]
    if asked is None or asked not in names:
        raise WrongObject(
            f"{str(path)!r} is one object around {counted(len(names), 'list')} of rows "
            f"({listed([*map(repr, names)], at_most=5)}): choose one with `split=...`, or put it in another "
            "file."
        )
    return asked


def _are_rows(value: Any) -> bool:
    """Whether a value is a list of objects that are no messages."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, Mapping) for item in value)
        and not any("role" in item or {"from", "value"} <= item.keys() for item in value)
    )


def _is_row(value: Row) -> bool:
    return not _OF_ROWS.isdisjoint(map(str.lower, value))


def _unwrapped(row: Row) -> Row:
    inner = row.get("row")
    return inner if isinstance(inner, dict) and "row_idx" in row else row


def _split_table(value: Row) -> list[Row] | None:
    """`{"columns": ["prompt", ...], "data": [["2 + 3?", ...], ...]}`."""
    names, data = value.get("columns"), value.get("data")
    if not isinstance(names, list) or not isinstance(data, list) or not data:
        return None
    if not all(isinstance(row, list) and len(row) == len(names) for row in data):
        return None
    return [dict(zip(names, row, strict=True)) for row in data]


def _columns(value: Row) -> list[Row] | None:
    """`{"prompt": ["2 + 3?", ...], ...}` or `{"prompt": {"0": "2 + 3?", ...}, ...}`."""
    if len(value) < 2 or not _is_row(value):
        return None
    columns = list(value.values())
    if all(isinstance(column, Mapping) and column.keys() == columns[0].keys() for column in columns):
        if not all(key.isdecimal() for key in columns[0]):
            return None
        columns = [list(column.values()) for column in columns]
    elif not all(isinstance(column, list) for column in columns) or not any(map(_are_texts, columns)):
        return None
    elif len(set(map(len, columns))) > 1 or any(map(_are_objects, columns)):
        return None
    names = list(value)
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _by_key(value: Row) -> list[Row] | None:
    """`{"q1": {"prompt": "2 + 3?", ...}, ...}`. The keys become `id`, unless the rows have one."""
    if not value or _is_row(value) or not all(isinstance(row, Mapping) for row in value.values()):
        return None
    if not all(map(_is_row, value.values())):
        return None
    return [row if "id" in row else {"id": key, **row} for key, row in value.items()]


def _are_texts(column: Sequence[Any]) -> bool:
    return bool(column) and all(isinstance(item, str) for item in column)


def _are_objects(column: Iterable[Any]) -> bool:
    return any(isinstance(item, Mapping) for item in column)
