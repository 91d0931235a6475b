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
    return f"{option} {value.strip(_QUOTES)}"
