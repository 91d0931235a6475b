"""From the columns of a dataset to prompts and responses."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Number
from typing import Any

from local_naturalness.encoding.messages import Message, read_conversation, read_messages, shown
from local_naturalness.encoding.rows import Rows
from local_naturalness.encoding.tokenization import Prompt
from local_naturalness.steps import align_steps

_WIDE_ROWS = (
    "Rows that hold several responses must first become one row per response: call `to_rows(dataset)` or "
    "`explode(dataset)` of `local_naturalness.shapes`."
)


@dataclass(frozen=True)
class Turn:
    """One assistant turn of a conversation, and the messages between it and the assistant turn before."""

    between: list[Message]
    text: str


@dataclass(frozen=True)
class Example:
    """One row: what the student is asked, what a teacher answered, and its steps where they are given.

    Where each assistant turn is a step, the response is the text of all turns joined.
    """

    prompt: Prompt | None
    response: str | None
    steps: Sequence[str] | None = None
    turns: Sequence[Turn] | None = None


def read_examples(
    rows: Rows,
    prompt_column: str,
    response_column: str,
    messages_column: str | None,
    steps_column: str | None,
    by_turn: bool = False,
) -> list[Example]:
    """Read rows and check the types of their values.

    Args:
        by_turn: all assistant turns of a conversation are the response, each a step.

    Raises:
        TypeError: a value is not a text (or list of messages, or list of steps).
    """
    if by_turn:
        return [_all_turns(messages, messages_column) for messages in rows.column(messages_column)]
    if messages_column is not None:
        pairs = [_last_turn(messages, messages_column) for messages in rows.column(messages_column)]
    else:
        pairs = [
            (_checked_prompt(prompt, prompt_column), _checked_text(response, response_column))
            for prompt, response in zip(rows.column(prompt_column), rows.column(response_column), strict=True)
        ]
    if steps_column is None:
        return [Example(prompt, response) for prompt, response in pairs]
    return [
        Example(prompt, response, _checked_steps(given, response, f"Row {row}, column {steps_column!r}"))
        for row, ((prompt, response), given) in enumerate(zip(pairs, rows.column(steps_column), strict=True))
    ]


def _last_turn(messages: Any, column: str) -> tuple[Prompt | None, str | None]:
    """Split a conversation into what stands before its last assistant turn, and that turn."""
    if messages is None:
        return None, None
    messages = read_conversation(messages, column)
    for index in range(len(messages) - 1, -1, -1):
        if messages[index]["role"] == "assistant":
            return messages[:index] or None, messages[index]["content"]
    return messages or None, None


def _all_turns(messages: Any, column: str) -> Example:
    """Split a conversation into what stands before its first assistant turn, and all assistant turns."""
    if messages is None:
        return Example(None, None)
    messages = read_conversation(messages, column)
    prompt: list[Message] | None = None
    turns: list[Turn] = []
    waiting: list[Message] = []
    for message in messages:
        if message["role"] != "assistant":
            waiting.append(message)
            continue
        if message.get("tool_calls"):
            raise TypeError(
                f"The column {column!r} has an assistant turn with `tool_calls`, whose text only the chat "
                "template knows. Write the calls into `content`, as the student is going to see them."
            )
        if prompt is None:
            prompt, waiting = waiting, []
        turns.append(Turn(waiting, message["content"] or ""))
        waiting = []
    if prompt is None:
        return Example(messages or None, None)
    return Example(prompt or None, "".join(turn.text for turn in turns), turns=turns)


def _checked_prompt(prompt: Any, column: str) -> Prompt | None:
    if prompt is None or isinstance(prompt, str):
        return prompt
    return read_messages(prompt, column) or None


def _checked_text(text: Any, column: str) -> str | None:
    if text is None or isinstance(text, str):
        return text
    hint = f" {_WIDE_ROWS}" if isinstance(text, Sequence) else ""
    if isinstance(text, Number):
        hint = " `to_rows(dataset)` of `local_naturalness.shapes` makes it text; or name another column."
    raise TypeError(f"The column {column!r} must hold texts, found {shown(text)}.{hint}")


def _checked_steps(steps: Any, response: str | None, place: str) -> Sequence[str] | None:
    if response is None:
        return None
    if isinstance(steps, str) or not isinstance(steps, Sequence):
        raise TypeError(
            f"{place}: it must hold the list of the response's steps, found {shown(steps)} for a response "
            f"that begins {response[:40]!r}."
        )
    if response.strip():
        try:
            align_steps(response, steps)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{place}: {error}") from error
    return steps
