"""Small JSON files with declared fields, read strictly."""

import dataclasses
import json
import types
import typing
from pathlib import Path
from typing import Any, TypeVar

Kind = TypeVar("Kind")

# A longer file cannot be one of ours, so the rest of it is not read.
_MOST_BYTES = 1_000_000


def read_object(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds.

    Raises:
        ValueError: the file cannot be read, is not a JSON object, or is nested too deeply. The message says
            which.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES + 1)
        if len(content) > _MOST_BYTES:
            raise ValueError(f"it is longer than {_MOST_BYTES:,} bytes")
        found = json.loads(content.decode())
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    except OSError as error:
        raise ValueError(error.strerror or str(error)) from error
    if not isinstance(found, dict):
        raise ValueError("it is not an object")
    return found


def made(kind: type[Kind], values: dict[str, Any]) -> Kind:
    """Make a dataclass from the values of a file.

    Raises:
        ValueError: a field is missing, unknown, or of another type.

    >>> from dataclasses import dataclass
    >>> @dataclass
    ... class Note:
    ...     name: str
    ...     columns: tuple[str, ...] = ()
    >>> made(Note, {"name": "a", "columns": ["b"]})
    Note(name='a', columns=('b',))
    >>> made(Note, {"name": ["a"]})
    Traceback (most recent call last):
    ...
    ValueError: 'name' is a list
    """
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type] # any dataclass
    if unknown := [name for name in values if name not in fields]:
        raise ValueError(f"it has the unknown field {unknown[0][:40]!r}")
    hints = typing.get_type_hints(kind)
    checked = {}
    for name, field in fields.items():
        if name in values:
            checked[name] = _checked(name, values[name], hints[name])
        elif field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"it lacks the field {name!r}")
    return kind(**checked)


def _checked(name: str, value: Any, hint: Any) -> Any:
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for option in options:
        origin = typing.get_origin(option) or option
        if origin is tuple and isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        if origin is dict and isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
            return value
        if type(value) is origin:  # not `isinstance`, because a bool is not a number here
            return value
    raise ValueError(f"{name!r} is a {type(value).__name__}")
