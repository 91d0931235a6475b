"""Columns that look like the answers of teachers, and like the reasoning of these answers."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_naturalness.inputs.column_names import PROMPTS, names_reasoning
from local_naturalness.shapes.kinds import holds_prose

_LONG = 20  # characters, as a mean
_NO_ANSWER = re.compile(
    r"(^|_)(id|uuid|url|source|split|category|topic|level|subject|licen[cs]e|type|name|metadata|info|mode|"
    r"hash|filter|version|status|timestamp|date|finish_reason|language|rate|difficulty|domain|dataset|model|generator|task|grade|grade_reason|judge?ment|critique|feedback|"
    r"test_code|tests?|(expected|reference|final|predicted|correct)_answer|ground_truth|"
    r"(gold|standard|reference|ground_truth)_solution|pass_rate.*|teacher|winner)(_?[0-9]+|_[ab])?$"
)
QUESTIONS = frozenset({*PROMPTS, "input"})
_SAME = 3  # letters at the beginning of the names of an answer and of its reasoning


def answer_columns(values: Mapping[str, Iterable[Any]]) -> list[str]:
    """Columns of texts that may be answers: the long ones, or all if there are not two long ones.

    Args:
        values: some values of each column whose name does not tell what it is.

    >>> answer_columns({"id": ["a-1"], "small": ["It is 5, I think."], "big": ["2 + 3 = 5."]})
    ['small', 'big']
    """
    long, others = candidates(values)
    if len(long) > 1 or len(long + others) < 2:
        return long if len(long) > 1 else []
    return [name for name in values if name in (*long, *others)]


def candidates(values: Mapping[str, Iterable[Any]]) -> tuple[list[str], list[str]]:
    """Columns of texts that may be answers: long ones, and others."""
    texts = {name: [value for value in column if value is not None] for name, column in values.items()}
    texts = {name: found for name, found in texts.items() if may_be_answer(name, found)}
    long = [name for name, found in texts.items() if sum(map(len, found)) > _LONG * len(found)]
    return long, [name for name in texts if name not in long]


def may_be_answer(name: str, values: Sequence[Any]) -> bool:
    """Whether a column of these values, none of them null, may hold answers."""
    lower = name.strip().lower()
    is_other = lower in QUESTIONS or names_reasoning(name) or _NO_ANSWER.search(lower)
    return bool(values) and all(isinstance(value, str) for value in values) and not is_other


def reasoning_pairs(values: Mapping[str, Iterable[Any]]) -> dict[str, str]:
    """Columns that may be answers, each with the column of its reasoning.

    >>> reasoning_pairs({"Question": ["2 + 3?"], "CoT": ["We add the two."], "Response": ["It is 5."]})
    {'Response': 'CoT'}
    >>> texts = ["We add the two."]
    >>> reasoning_pairs({"solution": texts, "r1_thinking_trajectory": texts, "r1_attempt": texts})
    {'r1_attempt': 'r1_thinking_trajectory'}
    """
    columns = {name: list(column) for name, column in values.items()}
    answers = [
        name
        for name, column in columns.items()
        if may_be_answer(name, [value for value in column if value is not None])
    ]
    pairs = {}
    for name, column in columns.items():
        if not names_reasoning(name) or not holds_prose(column) or name in answers:
            continue
        near = [one for one in answers if one.lower()[:_SAME] == name.lower()[:_SAME]]
        found = near or [one for one in answers if one.lower() in ("response", "attempt")] or answers
        if len(found) == 1:
            pairs[found[0]] = name
    return pairs
