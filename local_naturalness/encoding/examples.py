"""Reads prompts and responses from the columns of a dataset."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Number
from typing import Any

from local_naturalness.encoding.conversation import Answer
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.encoding.messages import (
    Message,
    Prompt,
    Tools,
    UnreadablePart,
    parsed,
    read_conversation,
    read_messages,
    shown,
    without_nulls,
)
from local_naturalness.steps import align_steps

_WIDE_ROWS = (
    "Rows that hold several responses must first become one row per response: call `to_rows(dataset)` or "
    "`explode(dataset)` of `local_naturalness.shapes`."
)


# Column of the tools that a template shows to the student. Trainers use the same name.
TOOLS_COLUMN = "tools"
# Column of variables of the chat template. Trainers read it; scorers only compare it with their own.
SWITCHES_COLUMN = "chat_template_kwargs"


@dataclass(frozen=True)
class Turn:
    """One assistant turn of a conversation, and the messages between it and the assistant turn before.

    Attributes:
        between: these messages.
        text: content of the turn.
        message: the whole turn. It is scored as the template writes it.
    """

    between: list[Message]
    text: str
    message: Message

    @property
    def is_blank(self) -> bool:
        """Whether the turn has no part that could be scored."""
        return not self.text.strip() and Answer.of(self.message).is_plain


@dataclass(frozen=True)
class Example:
    """One row: the prompt, the response of a teacher, and its steps if they are given.

    Attributes:
        prompt: a text or messages.
        response: a text. In a conversation, the content of the last assistant turn, or of all turns joined.
        steps: steps of the response.
        turns: assistant turns, if each of them is a step.
        tools: tools that the student is shown with the prompt.
        message: in a conversation, the last assistant turn. It is scored as the template writes it.
        later: number of messages after the last assistant turn. They are not scored. `None` if there are
            none.
        switches: variables of the chat template that the row names. Scores do not depend on them.
        unreadable: which part of the row cannot be scored, and what to do. `None` if there is none.
    """

    prompt: Prompt | None
    response: str | None
    steps: Sequence[str] | None = None
    turns: Sequence[Turn] | None = None
    tools: Tools | None = None
    message: Message | None = None
    later: int | None = None
    switches: Mapping[str, Any] | None = None
    unreadable: str | None = None

    @property
    def follows_assistant(self) -> bool:
        """Whether the message before the response is another assistant turn."""
        return isinstance(self.prompt, list) and bool(self.prompt) and self.prompt[-1]["role"] == "assistant"


class BadSteps(ValueError):
    """The steps of a row are not those of its response.

    Args:
        row: number of the row, from 0, among the rows that were read.
        column: column of the steps.
        problem: what is wrong with them.

    >>> print(BadSteps(1, "steps", "they end early.").in_row(65))
    Row 65, column 'steps': they end early.
    """

    def __init__(self, row: int, column: str, problem: str):
        # All arguments are passed on, so that the error can be pickled by worker processes.
        super().__init__(row, column, problem)
        self.row = row
        self._column = column
        self._problem = problem

    def in_row(self, number: int) -> "BadSteps":
        """The same error with another number of the row, such as its number in the whole table."""
        return BadSteps(number, self._column, self._problem)

    def __str__(self) -> str:
        return f"Row {self.row}, column {self._column!r}: {self._problem}"


def read_examples(
    rows: Rows,
    prompt_column: str,
    response_column: str,
    messages_column: str | None,
    steps_column: str | None,
    by_turn: bool = False,
) -> list[Example]:
    """Read rows and check the types of their values.

    A column `tools` is read as trainers read it. Nulls in messages and tools are dropped, because Arrow adds
    them if other rows have more fields.

    Args:
        by_turn: whether all assistant turns of a conversation are the response, and each of them is a step.

    Raises:
        TypeError: a value is not a text (or list of messages).
        BadSteps: a value is not the list of the response's steps.
    """
    if messages_column is not None:
        examples = [_conversation(value, messages_column, by_turn) for value in rows.column(messages_column)]
    else:
        examples = [
            _asked(prompt, prompt_column, _checked_text(response, response_column))
            for prompt, response in zip(rows.column(prompt_column), rows.column(response_column), strict=True)
        ]
    if steps_column is not None:
        examples = [
            replace(
                example,
                steps=_checked_steps(given, example.response, row, steps_column),
            )
            for row, (example, given) in enumerate(zip(examples, rows.column(steps_column), strict=True))
        ]
    if TOOLS_COLUMN in rows:
        examples = [
            replace(example, tools=_checked_tools(tools))
            for example, tools in zip(examples, rows.column(TOOLS_COLUMN), strict=True)
        ]
    if SWITCHES_COLUMN in rows:
        examples = [
            replace(example, switches=_switches(value))
            for example, value in zip(examples, rows.column(SWITCHES_COLUMN), strict=True)
        ]
    return examples


def _conversation(messages: Any, column: str, by_turn: bool) -> Example:
    """A conversation, whose response is its last assistant turn or all of them."""
    try:
        return (_all_turns if by_turn else _last_turn)(messages, column)
    except UnreadablePart as error:
        return Example(None, None, unreadable=str(error))


def _asked(prompt: Any, column: str, response: str | None) -> Example:
    """A prompt and its response."""
    try:
        return Example(_checked_prompt(prompt, column), response)
    except UnreadablePart as error:
        return Example(None, response, unreadable=str(error))


def _last_turn(messages: Any, column: str) -> Example:
    """Split a conversation into the messages before its last assistant turn, and that turn."""
    if messages is None:
        return Example(None, None)
    messages = without_nulls(read_conversation(messages, column))
    for index in range(len(messages) - 1, -1, -1):
        message = messages[index]
        if message["role"] == "assistant":
            answer = Answer.of(message)
            # A turn without any part is a missing response. A turn with empty content is an empty response.
            response = message.get("content", None if answer.is_plain else "")
            later = len(messages) - 1 - index
            return Example(messages[:index] or None, response, message=message, later=later or None)
    return Example(messages or None, None)


def _all_turns(messages: Any, column: str) -> Example:
    """Split a conversation into the messages before its first assistant turn, and all assistant turns."""
    if messages is None:
        return Example(None, None)
    messages = without_nulls(read_conversation(messages, column))
    prompt: list[Message] | None = None
    turns: list[Turn] = []
    waiting: list[Message] = []
    for message in messages:
        if message["role"] != "assistant":
            waiting.append(message)
            continue
        if prompt is None:
            prompt, waiting = waiting, []
        turns.append(Turn(waiting, Answer.of(message).content, message))
        waiting = []
    if prompt is None:
        return Example(messages or None, None)
    text = "".join(turn.text for turn in turns)
    return Example(prompt or None, text, turns=turns, later=len(waiting) or None)


def _checked_prompt(prompt: Any, column: str) -> Prompt | None:
    if prompt is None or isinstance(prompt, str):
        return prompt
    return without_nulls(read_messages(prompt, column)) or None


def _checked_text(text: Any, column: str) -> str | None:
    if text is None or isinstance(text, str):
        return text
    hint = f" {_WIDE_ROWS}" if isinstance(text, Sequence) else ""
    if isinstance(text, Mapping):
        hint = (
            " If it is the reply of an inference server, call `to_rows(dataset)` of "
            "`local_naturalness.shapes` first."
        )
    if isinstance(text, Number):
        hint = (
            " Convert the numbers to text with `to_rows(dataset)` of `local_naturalness.shapes`, or name "
            "another column."
        )
    raise TypeError(f"The column {column!r} must hold texts, found {shown(text)}.{hint}")


def _checked_steps(steps: Any, response: str | None, row: int, column: str) -> Sequence[str] | None:
    if response is None:
        return None
    if isinstance(steps, str) or not isinstance(steps, Sequence):
        problem = (
            f"it must hold a list of the response's steps, found {shown(steps)} for a response that begins "
            f"{response[:40]!r}."
        )
        raise BadSteps(row, column, problem)
    if response.strip():
        try:
            align_steps(response, steps)
        except (TypeError, ValueError) as error:
            raise BadSteps(row, column, str(error)) from error
    return steps


def _checked_tools(tools: Any) -> Tools | None:
    """Tools as templates take them, from a list or its JSON text (columns of mixed tools need the latter)."""
    read = tools
    if isinstance(tools, str):
        try:
            read = json.loads(tools) if tools.strip() else None
        except ValueError:
            read = tools
    if read is not None and (
        isinstance(read, str)
        or not isinstance(read, Sequence)
        or not all(isinstance(tool, Mapping) for tool in read)
    ):
        raise TypeError(
            f"The column {TOOLS_COLUMN!r} must hold lists of tools as chat templates take them (JSON "
            f"schemas), found {shown(tools)}. If it holds something else, rename it."
        )
    return without_nulls(read) or None


def _switches(value: Any) -> Mapping[str, Any] | None:
    """Variables of the chat template, from an object or its JSON text."""
    read = without_nulls(parsed(value))
    return read if isinstance(read, Mapping) and read else None
