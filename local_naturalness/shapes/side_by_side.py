"""Columns that look like the answers of several teachers, side by side."""

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

_LONG = 20  # characters, as a mean
_NO_ANSWER = re.compile(r"(^|_)(id|uuid|url|source|split|category|topic|level|subject|licen[cs]e)$")


def answer_columns(values: Mapping[str, Iterable[Any]]) -> list[str]:
    """Columns of texts that may be answers: the long ones, or all if there are not two long ones.

    Args:
        values: some values of each column whose name does not tell what it is.

    >>> answer_columns({"id": ["a-1"], "small": ["It is 5, I think."], "big": ["2 + 3 = 5."]})
    ['small', 'big']
    """
    texts = {name: [value for value in column if value is not None] for name, column in values.items()}
    texts = {
        name: found
        for name, found in texts.items()
        if found and all(isinstance(value, str) for value in found) and not _NO_ANSWER.search(name.lower())
    }
    long = [name for name, found in texts.items() if sum(map(len, found)) > _LONG * len(found)]
    return long if len(long) > 1 else list(texts) if len(texts) > 1 else []


def side_by_side_hint(answers: Collection[str]) -> str:
    """What to pass if such columns are answers; empty without any.

    >>> side_by_side_hint(["small", "big"])
    " If each of these columns holds the answers of one teacher, make rows of them with `to_rows` of \
`local_naturalness.shapes` and `teacher_columns=['small', 'big']`."
    """
    if not answers:
        return ""
    return (
        " If each of these columns holds the answers of one teacher, make rows of them with `to_rows` of "
        f"`local_naturalness.shapes` and `teacher_columns={list(answers)!r}`."
    )
