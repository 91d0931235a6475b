"""Answers as inference servers return them, beside prompts or inside of the reply of a request.

Clients dump `choices` with a `message` or a `text` each (OpenAI, vLLM), `outputs` (vLLM), `candidates` with
`parts` (Gemini), a `text` beside `meta_info` (SGLang), or all of this inside of `response`, `body` and the
like (batches).
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from local_naturalness.encoding.messages import is_message, messages_from_json, parsed, without_nulls
from local_naturalness.inputs.column_names import names_reasoning

# Fields that hold the answers of a reply, and those that a reply stands in.
_ANSWERS = ("choices", "candidates", "outputs")
_REPLIES = ("response", "body", "result", "reply", "output", "data", "message")
REQUESTS = ("request", "body", "input", "params")
_DEEPEST = 4
# What servers tell of an answer.
_TOLD = frozenset({"finish_reason", "finishReason", "index", "meta_info"})

# A reply, or a part of it, as Python prints it: a dict, or an object of a client.
_PRINTED = re.compile(
    r"\s*+\[?+(?:\{'(?:id|object|choices|candidates|outputs|index|message|role|content|finish_reason)': "
    r"|(?:ChatCompletion\w*|Completion\w*|Message|RequestOutput|GenerateContentResponse|Response)\(\w+=)"
)

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
    value = parsed(value)
    items = _items(value)
    if items is None and isinstance(value, list) and value and all(map(_is_of_server, value)):
        items = value
    return list(map(_answer, items)) if items is not None else _one_answer(value)


def is_object_as_text(text: str) -> bool:
    """Whether a text is a list of messages or a reply, as JSON or as Python prints it.

    >>> is_object_as_text('{"choices": [{"text": "5."}]}'), is_object_as_text("{'choices': [{'text': '5.'}]}")
    (True, True)
    >>> is_object_as_text('[{"role": "user", "content": "Hi"}]'), is_object_as_text('{"sum": 5}')
    (True, False)
    """
    if _PRINTED.match(text):
        return True
    return messages_from_json(text) is not None or answers_in(text) is not None


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
        messages = [item for item in value if is_assistant(item) and item.get("type") == "message"]
        if len(messages) != 1:
            return None
        thoughts = [item for item in value if isinstance(item, Mapping) and item.get("type") == "reasoning"]
        blocks = [block for item in thoughts for block in item.get("content") or ()]
        reasoning = [{"type": "thinking", "text": block["text"]} for block in blocks if block.get("text")]
        return [[{"role": "assistant", "content": [*reasoning, *messages[0]["content"]]}]]
    if not isinstance(value, Mapping) or not deepest:
        return None
    if is_assistant(value):
        return [[{name: part for name, part in without_nulls(value).items() if _is_read(name)}]]
    if isinstance(value.get("text"), str) and isinstance(value.get("meta_info"), Mapping):  # SGLang
        return [value["text"]]
    inner = (_one_answer(value.get(name), deepest - 1) for name in _REPLIES)
    return next((answers for answers in inner if answers is not None), None)


def is_assistant(value: Any) -> bool:
    """Whether a value is a message of the assistant."""
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


def model_of(value: Any, deepest: int = _DEEPEST) -> str | None:
    """The model that a reply names."""
    value = parsed(value)
    if not isinstance(value, Mapping) or not deepest:
        return None
    if isinstance(value.get("model"), str):
        return str(value["model"])
    return next(filter(None, (model_of(value.get(name), deepest - 1) for name in _REPLIES)), None)


def reasons_of(value: Any) -> list[Any] | None:
    """Why each answer of a reply ended."""
    value = parsed(value)
    items: Iterable[Any] = value if isinstance(value, list) else _items(value) or ()
    reasons = [
        item.get("finish_reason") or item.get("finishReason") if isinstance(item, Mapping) else None
        for item in items
    ]
    return list(map(str, reasons)) if reasons and all(reasons) else None


def prompt_of(value: Any, deepest: int = _DEEPEST) -> Any:
    """The prompt of a request: its messages, or a text."""
    value = parsed(value)
    if not isinstance(value, Mapping) or not deepest:
        return None
    messages = value.get("messages")
    if isinstance(messages, list) and messages and all(map(is_message, messages)):
        return without_nulls(messages)
    if isinstance(value.get("prompt"), str):
        return value["prompt"]
    inner = (prompt_of(value.get(name), deepest - 1) for name in REQUESTS)
    return next((prompt for prompt in inner if prompt), None)
