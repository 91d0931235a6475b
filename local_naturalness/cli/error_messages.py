"""Errors of the library, rewritten with the names of command-line options."""

import ast
import errno
import re
import shlex
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from local_naturalness.visible import visible

if TYPE_CHECKING:
    from local_naturalness.teachers import TeacherRanking

_QUOTES = "\"'"
# An argument's name in backticks, with a value or without: `teacher_column=...`, `direction="high"`, `k`.
_ARGUMENT = re.compile(r"`(\w+)(?:=([^`]*))?`")
# A scorer as Python calls it.
_SCORER = re.compile(
    r"`?(?:dataset\.map\()?(Local|Global)Scorer\(\.\.\.(?:, statistics=\(\"(\w+)\",\))?\)"
    r"(?:, batched=True\))?`?"
)
# A list as Python writes it, but not an index or the value of an argument.
_LIST = re.compile(r"(?<![\w=])\[[^\[\]]+\]")
# What is written for None on the command line.
_NOTHING = {"export": "none", "k": "all", "window": "all"}


def told(error: BaseException, options: Collection[str]) -> str:
    """An error as one sentence.

    Args:
        error: the error.
        options: names of the options of the command, such as `--teacher-column`.

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
    elif isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        sentence = f"{error.strerror}: free some space and run the same command again."
    else:
        sentence = str(error) or type(error).__name__
    return in_options(visible(" ".join(sentence.split())), options)


def option_name(argument: str) -> str:
    """The option of the command line for an argument in Python, such as `--teacher-column`."""
    return f"--{argument.replace('_', '-')}"


def in_options(sentence: str, options: Collection[str], with_value_only: bool = False) -> str:
    """A message of the library in which the options of a command replace the arguments of Python.

    Args:
        sentence: the message.
        options: names of the options of the command.
        with_value_only: whether to leave a name alone in backticks as it is. It may be the name of a column.

    >>> in_options('Pass `export=None`, or run `GlobalScorer(..., statistics=("rank",))`.', {"--export"})
    'Pass --export none, or run `local-naturalness score --scorer global --statistics rank`.'
    >>> print(in_options("Found: ['prompt', 'text']; pass `dataset['train']`.", set()))
    Found: 'prompt', 'text'; pass `dataset['train']`.
    """
    sentence = _LIST.sub(_as_words, _SCORER.sub(_as_command, sentence))
    return _ARGUMENT.sub(
        lambda found: found[0] if with_value_only and found[2] is None else _as_option(found, options),
        sentence,
    )


def ranking_in_options(ranking: "TeacherRanking", options: Collection[str]) -> "TeacherRanking":
    """A ranking whose warnings and notes name options of a command, in backticks for Markdown."""

    def option(argument: re.Match[str]) -> str:
        return argument[0] if argument[2] is None else f"`{_as_option(argument, options).strip('`')}`"

    def reworded(sentences: Iterable[str]) -> list[str]:
        return [_ARGUMENT.sub(option, sentence) for sentence in sentences]

    groups = [replace(group, warnings=reworded(group.warnings)) for group in ranking.groups]
    return replace(ranking, groups=groups, notes=reworded(ranking.notes))


def _as_words(names: re.Match[str]) -> str:
    try:
        values = ast.literal_eval(names[0])
    except (SyntaxError, ValueError):
        return names[0]
    return ", ".join(map(repr, values)) if all(isinstance(value, str) for value in values) else names[0]


def _as_command(scorer: re.Match[str]) -> str:
    name, statistic = scorer.groups()
    further = f" --statistics {statistic}" if statistic else ""
    return f"`local-naturalness score{' --scorer global' if name == 'Global' else ''}{further}`"


def _as_option(argument: re.Match[str], options: Collection[str]) -> str:
    name, value = argument.groups()
    option = option_name(name)
    if value == "False" and (negated := f"--no-{option[2:]}") in options:
        return negated
    if option not in options:
        return argument[0]
    if value in (None, "", "...", "True"):
        return option
    if value == "None":
        return f"{option} {_NOTHING.get(name, 'none')}"
    if value.startswith("['"):
        return f"{option} {' '.join(map(shlex.quote, ast.literal_eval(value)))}"
    return f"{option} {_as_word(value)}"


def _as_word(value: str) -> str:
    """A value as it is typed in a shell: in double quotes if needed, without the quotes of Python."""
    if value[0] in _QUOTES and value[0] == value[-1]:
        value = value[1:-1]
    if not re.search(r"[\s\"'<>()|&;*?$\\]", value):
        return value
    return '"{}"'.format(re.sub(r'(["$\\])', r"\\\1", value))
