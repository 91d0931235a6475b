"""JSON texts that are parsed without a change or a loss."""

import json
import re
from typing import Any

# Halves of a character that JSON writes as two escapes.
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_LARGEST = (1 << 63) - 1


class DoubledName(ValueError):
    """An object names a field twice, so one of its values would be lost."""


def loads(data: bytes) -> Any:
    """The value of a JSON text.

    NaN is a missing value, as in pandas. A whole number beyond 64 bits stays as it is written, as a text.

    Args:
        data: in utf-8.

    Raises:
        UnicodeError: it is in another encoding, or a text holds half of a surrogate pair.
        DoubledName: an object names a field twice.
        ValueError: it is not valid JSON.

    Example:

    >>> loads(b'{"id": 14695981039346656037, "score": NaN}')
    {'id': '14695981039346656037', 'score': None}
    """
    value = json.loads(
        data.decode("utf-8-sig"),
        object_pairs_hook=_object,
        parse_int=_whole,
        parse_constant=lambda name: None if name == "NaN" else float(name),
    )
    if _SURROGATE.search(data):
        json.dumps(value, ensure_ascii=False).encode()
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        doubled = next(name for name in names if names.count(name) > 1)
        raise DoubledName(f"has an object that names {doubled!r} twice")
    return value


def _whole(digits: str) -> int | str:
    number = int(digits) if len(digits) < 30 else _LARGEST + 1
    return number if -_LARGEST <= number <= _LARGEST else digits
