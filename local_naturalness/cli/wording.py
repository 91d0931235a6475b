"""Errors of the library, told in the words of the command line."""

import ast
import re
import shlex
from collections.abc import Collection

from local_naturalness.visible import visible

_QUOTES = "\"'"
# An argument's name in backticks, with a value or without: `teacher_column=...`, `direction="high"`, `k`.
_ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`")


def told(error: BaseException, options: Collection[str]) -> str:
    """An error as one sentence.

    Args:
        error: what happened.
        options: of the command, such as `--teacher-column`.

    Example:

    >>> error = ValueError("Name it with `teacher_column=...`, pass `by='random'`, or drop `where`.")
    >>> told(error, {"--teacher-column", "--by"})
    'Name it with --teacher-column, pass --by random, or drop `where`.'
    >>> told(ValueError("Pass `teacher_columns=['small', 'the big one']`."), {"--teacher-columns"})
    "Pass --teacher-columns small 'the big one'."
    >>> print(told(ValueError('Pass `where="score > 0.5"`.'), {"--where"}))
    Pass --where "score > 0.5".
    """
    if isinstance(error, OSError) and error.strerror and error.filename is not None:
        sentence = f"{error.strerror}: {str(error.filename)!r}"
    else:
        sentence = str(error) or type(error).__name__
    sentence = visible(" ".join(sentence.split()))
    return _ARGUMENT.sub(lambda argument: _as_option(argument, options), sentence)


def _as_option(argument: re.Match[str], options: Collection[str]) -> str:
    name, value = argument.groups()
    option = f"--{name.replace('_', '-')}"
    if option not in options:
        return argument[0]
    if value in (None, "", "..."):
        return option
    if value.startswith("['"):
        return f"{option} {' '.join(map(shlex.quote, ast.literal_eval(value)))}"
    return f"{option} {_as_word(value)}"


def _as_word(value: str) -> str:
    """A value as it is typed at a terminal: in double quotes where it needs some, without Python's."""
    if value[0] in _QUOTES and value[0] == value[-1]:
        value = value[1:-1]
    if not re.search(r"[\s\"'<>()|&;*?$\\]", value):
        return value
    return '"{}"'.format(re.sub(r'(["$\\])', r"\\\1", value))
