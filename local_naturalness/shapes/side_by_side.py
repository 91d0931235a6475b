"""Columns that look like answers, or like their reasoning, and what to pass to have them read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_naturalness.encoding.conversation import names_reasoning
from local_naturalness.encoding.messages import is_message, role_of
from local_naturalness.shapes.kinds import holds_prose
from local_naturalness.shapes.seen import KNOWN, PROMPTS

_LONG = 20  # characters, as a mean
_NO_ANSWER = re.compile(
    r"(^|_)(id|uuid|url|source|split|category|topic|level|subject|licen[cs]e|type|name|metadata|info|mode|"
    r"rate|difficulty|domain|dataset|model|generator|task|grade|grade_reason|judge?ment|critique|feedback|"
    r"test_code|tests?|(expected|reference|final|predicted|correct)_answer|ground_truth|"
    r"(gold|standard|reference|ground_truth)_solution)$"
)
_QUESTIONS = frozenset({"prompt", "problem", "question", "query", "instruction", "input"})
_CALL = "call `to_rows` of `local_naturalness.shapes` with"
_SIDE_BY_SIDE = "each of these columns holds the answers of one teacher"
_SAME = 3  # letters at the beginning of the names of an answer and of its reasoning


def answer_columns(values: Mapping[str, Iterable[Any]]) -> list[str]:
    """Columns of texts that may be answers: the long ones, or all if there are not two long ones.

    Args:
        values: some values of each column whose name does not tell what it is.

    >>> answer_columns({"id": ["a-1"], "small": ["It is 5, I think."], "big": ["2 + 3 = 5."]})
    ['small', 'big']
    """
    texts = {name: [value for value in column if value is not None] for name, column in values.items()}
    texts = {name: found for name, found in texts.items() if _may_be_answer(name, found)}
    long = [name for name, found in texts.items() if sum(map(len, found)) > _LONG * len(found)]
    return long if len(long) > 1 else list(texts) if len(texts) > 1 else []


def _may_be_answer(name: str, values: Sequence[Any]) -> bool:
    lower = name.lower()
    is_other = lower in _QUESTIONS or names_reasoning(name) or _NO_ANSWER.search(lower)
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
        if _may_be_answer(name, [value for value in column if value is not None])
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


def hint(values: Mapping[str, Iterable[Any]], then: str = _CALL) -> str:
    """What to pass if columns are answers; empty if none looks like one.

    Args:
        values: some values of each column.
        then: what to do with the arguments, such as "pass".

    >>> hint({"prompt": ["2 + 3?"], "small": ["5."], "big": ["2 + 3 = 5."]}, "pass")
    " If each of these columns holds the answers of one teacher, pass `teacher_columns=['small', 'big']`."
    >>> hint({"Question": ["2 + 3?"], "CoT": ["We add the two."], "Response": ["It is 5."]}, "pass")
    " If these are responses and their reasoning, pass `response_column='Response'`, \
`reasoning_columns=['CoT']` and `prompt_column='Question'`."
    """
    columns = {name: list(column) for name, column in values.items()}
    known = [name for name, column in columns.items() if name not in KNOWN and column]
    for name in ("chosen", "rejected"):
        if first_roles := _first_roles(columns.get(name, ())):
            option = "response_column" if first_roles == {"assistant"} else "messages_column"
            return f" To score the answers in {name!r}, {then} `{option}={name!r}`."
    pairs = reasoning_pairs(columns)
    if len(pairs) == 1:
        ((answer, reasoning),) = pairs.items()
        arguments = [f"response_column={answer!r}", f"reasoning_columns={[reasoning]!r}"]
    elif pairs:
        arguments = [f"teacher_columns={[*pairs]!r}", f"reasoning_columns={[*pairs.values()]!r}"]
    else:
        answers = answer_columns({name: columns[name] for name in known})
        arguments = [f"teacher_columns={answers!r}"] if answers else []
    if not arguments:
        return ""
    if not set(PROMPTS) & set(columns):
        questions = [name for name in columns if name.lower() in _QUESTIONS]
        arguments.append(f"prompt_column={questions[0]!r}" if questions else "prompt_column=...")
    *first, last = (f"`{argument}`" for argument in arguments)
    told = "these are responses and their reasoning" if pairs else _SIDE_BY_SIDE
    return f" If {told}, {then} {' and '.join(filter(None, [', '.join(first), last]))}."


def _first_roles(values: Iterable[Any]) -> set[Any]:
    """The roles that conversations begin with; empty if values are no conversations."""
    chats = [value for value in values if isinstance(value, list) and value and all(map(is_message, value))]
    return {role_of(chat[0]) for chat in chats}
