"""Columns of replies of inference servers become columns of lists of answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import datasets
from datasets import Dataset, List, Value

from local_naturalness.encoding.messages import as_messages, parsed, without_nulls
from local_naturalness.inputs.column_names import CONVERSATIONS, PROMPTS, RESPONSE_LISTS
from local_naturalness.shapes.mapped import kept, mapped
from local_naturalness.shapes.served import (
    REQUESTS,
    Answer,
    answers_in,
    is_assistant,
    model_of,
    prompt_of,
    reasons_of,
)


def unpacked(
    dataset: Any, sample: Mapping[str, Sequence[Any]], response: str | None
) -> tuple[Any, str | None]:
    """The dataset with a column of lists of answers where it has replies, and with prompts from requests.

    A column `model` is added if the replies name the model, and `finish_reason` if they give one.

    Args:
        dataset: `Dataset` or a stream.
        sample: some values of each column.
        response: column of responses, if it was named.

    Returns:
        The dataset, and the column; `None` if there are no replies.
    """
    served = columns_of_replies(sample)
    column = response if response in served else served[0] if len(served) == 1 and response is None else None
    if column is None:
        return dataset, None
    removed = [column]
    are_messages = any(
        isinstance(answer, list) for value in sample[column] for answer in answers_of(column, value) or ()
    )
    # A text must not be stored as JSON, where `5.` is a number.
    added: dict[str, Any] = {column: datasets.Json() if are_messages else List(Value("string"))}
    settings: dict[str, Any] = {
        "column": column,
        "are_messages": are_messages,
        "model": None,
        "reason": None,
        "request": None,
        "are_chats": False,
    }
    if not {"teacher", "model"} & set(sample) and any(map(model_of, sample[column])):
        settings["model"] = "model"
        added["model"] = Value("string")
    if "finish_reason" not in sample and any(filter(None, map(reasons_of, sample[column]))):
        settings["reason"] = "finish_reason"
        added["finish_reason"] = List(Value("string"))
    if not {*PROMPTS, *CONVERSATIONS} & set(sample):
        requests = [name for name in (*REQUESTS, column) if any(map(prompt_of, sample.get(name, ())))]
        for name in requests[:1]:
            settings["request"] = name
            removed = [*{column: None, name: None}]
            settings["are_chats"] = any(isinstance(prompt_of(value), list) for value in sample[name])
            added["prompt"] = datasets.Json() if settings["are_chats"] else Value("string")
    others = kept(dataset, removed) or {}
    dataset = mapped(
        dataset,
        _unpacked,
        removed=removed,
        features={**others, **added} if isinstance(dataset, Dataset) else None,
        shown="Reading replies",
        settings=settings,
    )
    return dataset, column


def columns_of_replies(sample: Mapping[str, Iterable[Any]]) -> list[str]:
    """Names of the columns that hold replies; a conversation or a prompt is none."""
    return [
        name
        for name, values in sample.items()
        if name not in (*CONVERSATIONS, *PROMPTS)
        and any(answers_of(name, value) is not None for value in values)
    ]


def all_replies(values: Iterable[Any]) -> bool:
    """Whether all texts are replies, as JSON."""
    texts = [value for value in values if value is not None]
    return bool(texts) and all(isinstance(text, str) and answers_in(text) is not None for text in texts)


def answers_of(column: str, value: Any) -> list[Answer] | None:
    """The answers in a value of a column, whose name may tell that it holds lists of them."""
    found = parsed(value)
    if column in RESPONSE_LISTS and isinstance(found, list) and found:
        if all(map(is_assistant, found)):  # no conversation, but a message for each answer
            return [[without_nulls(item)] for item in found]
        if isinstance(value, str) and all(isinstance(item, str | None) for item in found):
            return found
    return answers_in(found)


def _alike(column: str, value: Any, are_messages: bool) -> list[Answer] | None:
    """The answers of a value, as messages if others of the column are; a mere text is one answer."""
    answers = answers_of(column, value)
    if answers is None and isinstance(value, str) and value:
        answers = [value]
    if answers is None or not are_messages:
        return answers
    return [[{"role": "assistant", "content": one}] if isinstance(one, str) else one for one in answers]


def _unpacked(
    rows: Mapping[str, Any],
    column: str,
    are_messages: bool,
    model: str | None,
    reason: str | None,
    request: str | None,
    are_chats: bool,
) -> dict[str, list[Any]]:
    replies = rows[column]
    written: dict[str, list[Any]] = {
        column: [_alike(column, reply, are_messages) for reply in replies],
    }
    if model:
        written[model] = list(map(model_of, replies))
    if reason:
        written[reason] = list(map(reasons_of, replies))
    if request:
        prompts = list(map(prompt_of, rows[request]))
        written["prompt"] = [
            as_messages(prompt) if are_chats and prompt is not None else prompt for prompt in prompts
        ]
    return written


def no_prompts(column: str, columns: Iterable[str]) -> str:
    """An error: there are replies, and nothing tells what was asked."""
    return (
        f"The column {column!r} holds replies of an inference server, and no column holds their prompts; "
        f"the columns are {', '.join(map(repr, columns))}. If one does, name it with `prompt_column=...`. If "
        "not, add a column 'prompt' from the requests, whose ids the replies repeat."
    )
