"""Types of the columns of prompts, responses and messages that are made of other columns."""

from collections.abc import Iterable
from typing import Any

import datasets
from datasets import Dataset, List, Value

from local_naturalness.encoding.messages import messages_from_json, read_messages
from local_naturalness.shapes.shape import Shape

_TEXT = Value("string")
_PLAIN_MESSAGE = {"role": _TEXT, "content": _TEXT}
_PLAIN_FIELDS = {"role", "content", "from", "value"}


def written_types(dataset: Dataset, shape: Shape) -> dict[str, Any]:
    """Types of the columns that a shape's conversion writes."""
    if name := shape.columns.get("messages_column"):
        return {name: _messages_feature(dataset, shape.consumed, shape.added_fields)}
    prompt, response = shape.columns["prompt_column"], shape.columns["response_column"]
    read = shape.consumed if shape.name == "rows" else ()
    chat = _messages_feature(dataset, [name for name in read if name != response])
    return {prompt: chat if shape.has_chat_prompts else _feature_of_prompts(dataset, prompt), response: _TEXT}


def _feature_of_prompts(dataset: Dataset, name: str) -> Any:
    """Lists of messages stay what they are; everything else becomes text."""
    feature = dataset.features.get(name)
    return feature if isinstance(feature, List) else _TEXT


def _messages_feature(dataset: Dataset, columns: Iterable[str], added: Iterable[str] = ()) -> Any:
    """The type of messages that are made of some columns, with all fields of all messages and some more."""
    fields: dict[str, Any] = dict(_PLAIN_MESSAGE)
    for name in columns:
        inner = getattr(dataset.features[name], "feature", None)
        if isinstance(inner, dict):
            fields |= {field: kind for field, kind in inner.items() if field not in _PLAIN_FIELDS}
            if not isinstance(inner.get("content", _TEXT), Value):  # blocks, some of which may be reasoning
                fields |= dict.fromkeys(_fields_in(dataset, name) - _PLAIN_FIELDS - {*fields}, _TEXT)
        elif _fields_in(dataset, name) - _PLAIN_FIELDS:
            return List(datasets.Json())  # fields that differ from message to message
    return List(fields | dict.fromkeys(added, _TEXT))


def _fields_in(dataset: Dataset, name: str) -> set[str]:
    """Names of the fields of messages in a column of JSON."""
    found: set[str] = set()
    for batch in dataset.with_format(None).select_columns([name]).iter(1000):
        for value in batch[name]:
            messages = messages_from_json(value) or value
            if isinstance(messages, list) and not all(isinstance(item, str) for item in messages):
                found.update(field for message in read_messages(messages, name, True) for field in message)
    return found
