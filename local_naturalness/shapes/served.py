"""Answers as inference servers return them, beside prompts or inside of the reply of a request.

Clients dump `choices` with a `message` or a `text` each (OpenAI, vLLM), `outputs` (vLLM), `candidates` with
`parts` (Gemini), or all of this inside of `response`, `body` and the like (batches).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import datasets
from datasets import Dataset, List, Value

from local_naturalness.encoding.conversation import names_reasoning
from local_naturalness.encoding.messages import is_message, without_nulls
from local_naturalness.shapes.mapped import kept, mapped
from local_naturalness.shapes.seen import CONVERSATIONS, PROMPTS, RESPONSE_LISTS

# Fields that hold the answers of a reply, and those that a reply stands in.
_ANSWERS = ("choices", "candidates", "outputs")
_REPLIES = ("response", "body", "result", "reply", "output", "data")
_REQUESTS = ("request", "body", "input", "params")
_DEEPEST = 4
# What servers tell of an answer.
_TOLD = frozenset({"finish_reason", "finishReason", "index"})

Answer = str | list[Any] | None


def answers_in(value: Any) -> list[Answer] | None:
    """The answers of a reply: texts, or lists of the message of the assistant; `None` for anything else.

    >>> reply = {"body": {"choices": [{"message": {"role": "assistant", "content": "5."}}]}}
    >>> answers_in(reply)
    [[{'role': 'assistant', 'content': '5.'}]]
    >>> answers_in({"choices": [{"text": "5."}]})
    ['5.']
    >>> answers_in([{"model": "small", "text": "5."}]) is None  # nothing that a server adds
    True
    """
    value = _parsed(value)
    items = _items(value)
    if items is None and isinstance(value, list) and value and all(map(_is_of_server, value)):
        items = value
    return list(map(_answer, items)) if items is not None else _one_answer(value)


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
    added: dict[str, Any] = {column: datasets.Json()}
    are_messages = any(
        isinstance(answer, list) for value in sample[column] for answer in answers_of(column, value) or ()
    )
    settings: dict[str, Any] = {
        "column": column,
        "are_messages": are_messages,
        "model": None,
        "reason": None,
        "request": None,
    }
    if not {"teacher", "model"} & set(sample) and any(map(_model, sample[column])):
        settings["model"] = "model"
        added["model"] = Value("string")
    if "finish_reason" not in sample and any(filter(None, map(_reasons, sample[column]))):
        settings["reason"] = "finish_reason"
        added["finish_reason"] = List(Value("string"))
    if not {*PROMPTS, *CONVERSATIONS} & set(sample):
        requests = [name for name in _REQUESTS if name != column and any(map(_prompt, sample.get(name, ())))]
        for name in requests[:1]:
            settings["request"] = name
            removed.append(name)
            added["prompt"] = datasets.Json()
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
    found = _parsed(value)
    if column in RESPONSE_LISTS and isinstance(found, list) and found:
        if all(map(_is_assistant, found)):  # no conversation, but a message for each answer
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


def _parsed(value: Any) -> Any:
    """What a JSON text of a list or object holds; any other value is unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _unpacked(
    rows: Mapping[str, Any],
    column: str,
    are_messages: bool,
    model: str | None,
    reason: str | None,
    request: str | None,
) -> dict[str, list[Any]]:
    replies = rows[column]
    written: dict[str, list[Any]] = {
        column: [_alike(column, reply, are_messages) for reply in replies],
    }
    if model:
        written[model] = list(map(_model, replies))
    if reason:
        written[reason] = list(map(_reasons, replies))
    if request:
        written["prompt"] = list(map(_prompt, rows[request]))
    return written


def _items(value: Any, deepest: int = _DEEPEST) -> list[Mapping[str, Any]] | None:
    """The list of answers inside of a reply."""
    if not isinstance(value, Mapping) or not deepest:
        return None
    for name in _ANSWERS:
        items = value.get(name)
        if isinstance(items, list) and items and all(isinstance(item, Mapping) for item in items):
            return items
    inner = (_items(value.get(name), deepest - 1) for name in _REPLIES)
    return next((items for items in inner if items is not None), None)


def _one_answer(value: Any, deepest: int = _DEEPEST) -> list[Answer] | None:
    """The answer of a reply that has one: a message, or items of which one is a message."""
    if isinstance(value, list):
        messages = [item for item in value if _is_assistant(item) and item.get("type") == "message"]
        if len(messages) != 1:
            return None
        thoughts = [item for item in value if isinstance(item, Mapping) and item.get("type") == "reasoning"]
        blocks = [block for item in thoughts for block in item.get("content") or ()]
        reasoning = [{"type": "thinking", "text": block["text"]} for block in blocks if block.get("text")]
        return [[{"role": "assistant", "content": [*reasoning, *messages[0]["content"]]}]]
    if not isinstance(value, Mapping) or not deepest:
        return None
    if _is_assistant(value):
        return [[{name: part for name, part in without_nulls(value).items() if _is_read(name)}]]
    inner = (_one_answer(value.get(name), deepest - 1) for name in _REPLIES)
    return next((answers for answers in inner if answers is not None), None)


def _is_assistant(value: Any) -> bool:
    return is_message(value) and value.get("role") == "assistant"


def _is_read(name: str) -> bool:
    """Whether a field of a message is a part of it, and not told of it, as its id."""
    return name in ("role", "content", "tool_calls") or names_reasoning(name)


def _answer(item: Mapping[str, Any]) -> Answer:
    message, content = item.get("message"), item.get("content")
    if isinstance(message, Mapping):
        return [{"role": "assistant", **without_nulls(message)}]
    if isinstance(content, Mapping) and isinstance(content.get("parts"), list):
        return [{"role": "assistant", "content": list(map(_block, without_nulls(content["parts"])))}]
    text = item.get("text")
    return text if isinstance(text, str) else None


def _block(part: Any) -> Any:
    """A part of Gemini's content as a block; what is no text stays, and is refused when it is read."""
    if not isinstance(part, Mapping) or not isinstance(part.get("text"), str):
        return part
    return {"type": "thinking" if part.get("thought") else "text", "text": part["text"]}


def _is_of_server(item: Any) -> bool:
    """Whether an item is an answer with a message, or with what a server tells of a text."""
    if not isinstance(item, Mapping) or is_message(item):
        return False
    has_text = isinstance(item.get("text"), str) and not _TOLD.isdisjoint(item)
    return has_text or any(isinstance(item.get(name), Mapping) for name in ("message", "content"))


def _model(value: Any, deepest: int = _DEEPEST) -> str | None:
    """The model that a reply names."""
    value = _parsed(value)
    if not isinstance(value, Mapping) or not deepest:
        return None
    if isinstance(value.get("model"), str):
        return str(value["model"])
    return next(filter(None, (_model(value.get(name), deepest - 1) for name in _REPLIES)), None)


def _reasons(value: Any) -> list[Any] | None:
    """Why each answer of a reply ended."""
    value = _parsed(value)
    items: Iterable[Any] = value if isinstance(value, list) else _items(value) or ()
    reasons = [
        item.get("finish_reason") or item.get("finishReason") if isinstance(item, Mapping) else None
        for item in items
    ]
    return list(map(str, reasons)) if reasons and all(reasons) else None


def _prompt(value: Any, deepest: int = _DEEPEST) -> Any:
    """The prompt of a request: its messages, or a text."""
    value = _parsed(value)
    if not isinstance(value, Mapping) or not deepest:
        return None
    messages = value.get("messages")
    if isinstance(messages, list) and messages and all(map(is_message, messages)):
        return without_nulls(messages)
    if isinstance(value.get("prompt"), str):
        return value["prompt"]
    inner = (_prompt(value.get(name), deepest - 1) for name in _REQUESTS)
    return next((prompt for prompt in inner if prompt), None)


def no_prompts(column: str, columns: Iterable[str]) -> str:
    """An error: there are replies, and nothing tells what was asked."""
    return (
        f"The column {column!r} holds replies of an inference server, and no column holds their prompts; "
        f"the columns are {', '.join(map(repr, columns))}. If one does, name it with `prompt_column=...`. If "
        "not, add a column 'prompt' from the requests, whose ids the replies repeat."
    )
