"""Conversions, row by row, from the columns of a shape to those that scorers read."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from local_naturalness.encoding.messages import Message, messages_from_json, read_messages
from local_naturalness.inputs.columns import as_text
from local_naturalness.shapes.shape import Batch

Convert = Callable[[Batch], dict[str, list[Any]]]


def conversation(column: str, system_column: str | None) -> Convert:
    """Messages with `role` and `content` from ShareGPT's, from content in blocks, or from JSON text."""

    def convert(batch: Batch) -> dict[str, list[Any]]:
        systems = batch[system_column] if system_column else [None] * len(batch[column])
        return {
            "messages": [
                None if value is None or value == "" else _with_system(_messages(value, column), system)
                for value, system in zip(batch[column], systems, strict=True)
            ]
        }

    return convert


def completion(prompt_column: str, completion_column: str, reasoning_column: str | None = None) -> Convert:
    """Messages from TRL's `prompt` and `completion` where either holds messages, or reasoning stands apart.

    A row without completion is a conversation without answer.

    Raises:
        ValueError: a completion is not one assistant turn: a trainer would train on all of it, and one turn
            would be scored.
    """

    def convert(batch: Batch) -> dict[str, list[Any]]:
        reasonings = batch[reasoning_column] if reasoning_column else [None] * len(batch[prompt_column])
        rows = zip(batch[prompt_column], batch[completion_column], reasonings, strict=True)
        return {"messages": [_joined(*row) for row in rows]}

    def _joined(prompt: Any, answer: Any, reasoning: Any) -> list[Message] | None:
        if prompt is None or prompt == "":
            return None
        asked = _as_turn(prompt, "user", prompt_column)
        if answer is None:
            return asked
        answers = _as_turn(answer, "assistant", completion_column)
        if [message["role"] for message in answers] != ["assistant"]:
            roles = ", ".join(repr(message["role"]) for message in answers)
            raise ValueError(
                f"A row of {completion_column!r} must hold one message of the assistant, found "
                f"{roles or 'none'}. For several turns join prompt and completion into a column `messages` "
                f'and use `splitter="turn"`. If {completion_column!r} holds the prompt too, pass '
                f"`messages_column={completion_column!r}` and no other column."
            )
        return [*asked, *_reasoned(answers, reasoning, reasoning_column)]

    return convert


def reasoned(messages_column: str, reasoning_column: str) -> Convert:
    """Messages whose last turn, if it is the assistant's, has the reasoning of another column."""

    def convert(batch: Batch) -> dict[str, list[Any]]:
        rows = zip(batch[messages_column], batch[reasoning_column], strict=True)
        return {
            messages_column: [
                None
                if messages is None or messages == ""
                else _reasoned(_messages(messages, messages_column), reasoning, reasoning_column)
                for messages, reasoning in rows
            ]
        }

    return convert


def _reasoned(messages: list[Message], reasoning: Any, column: str | None) -> list[Message]:
    """Messages with reasoning in their last turn.

    Raises:
        ValueError: there are several pieces of reasoning for one answer, or the turn has some already.
    """
    if isinstance(reasoning, Sequence) and not isinstance(reasoning, str):
        pieces = [piece for piece in reasoning if piece]
        if len(pieces) > 1:
            raise ValueError(
                f"A row of {column!r} holds {len(pieces)} pieces of reasoning for one response: make them "
                "one text."
            )
        reasoning = pieces[0] if pieces else None
    if not reasoning or not messages or messages[-1]["role"] != "assistant":
        return messages
    if messages[-1].get("reasoning_content"):
        raise ValueError(
            f"A row has reasoning in {column!r}, and in the last message too: name one of them, or remove it."
        )
    return [*messages[:-1], {**messages[-1], "reasoning_content": as_text(reasoning)}]


def alpaca(
    output_column: str, input_column: str | None, system_column: str | None, history_column: str | None
) -> Convert:
    """A prompt of `instruction` and `input`, on two lines. Messages if there is a system text or history."""

    def convert(batch: Batch) -> dict[str, list[Any]]:
        count = len(batch["instruction"])
        inputs, systems, histories = (
            batch[column] if column else [None] * count
            for column in (input_column, system_column, history_column)
        )
        rows = zip(batch["instruction"], inputs, systems, histories, strict=True)
        has_turns = system_column or history_column
        return {
            "prompt": [(_turns if has_turns else _question)(*row) for row in rows],
            "response": list(map(as_text, batch[output_column])),
        }

    def _question(instruction: Any, given: Any, *_: Any) -> str | None:
        parts = [as_text(part) for part in (instruction, given)]
        return "\n".join(part for part in parts if part and part.strip()) or None

    def _turns(instruction: Any, given: Any, system: Any, history: Any) -> list[Message] | None:
        question = _question(instruction, given)
        if question is None:
            return None
        before = [_message(role, text) for pair in history or () for role, text in _roles(pair)]
        return _with_system([*before, _message("user", question)], system)

    def _roles(pair: Sequence[str]) -> Iterable[tuple[str, str]]:
        return zip(("user", "assistant"), pair, strict=True)

    return convert


def plain(prompt_column: str, response_column: str, has_json_prompts: bool) -> Convert:
    """Numbers as texts, and prompts of messages from JSON text."""

    def convert(batch: Batch) -> dict[str, list[Any]]:
        prompts = batch[prompt_column]
        if has_json_prompts:
            prompts = [None if text is None else _messages(text, prompt_column) for text in prompts]
        else:
            prompts = [value if isinstance(value, Sequence) else as_text(value) for value in prompts]
        return {prompt_column: prompts, response_column: list(map(as_text, batch[response_column]))}

    return convert


def _messages(value: Any, column: str) -> list[Message]:
    return read_messages(messages_from_json(value) or value, column, keep_unreadable=True)


def _as_turn(value: Any, role: str, column: str) -> list[Message]:
    if isinstance(value, str) and messages_from_json(value) is None:
        return [_message(role, value)]
    return _messages(value, column)


def _with_system(messages: list[Message], system: str | None) -> list[Message]:
    """A system message in front, unless the conversation has its own."""
    if not system or (messages and messages[0]["role"] == "system"):
        return messages
    return [_message("system", system), *messages]


def _message(role: str, content: str) -> Message:
    return {"role": role, "content": content}
