"""The kind of a column, judged by some of its values."""

from collections.abc import Iterable, Mapping, Sequence
from numbers import Number
from typing import Any

from local_naturalness.encoding.messages import is_message, messages_from_json
from local_naturalness.shapes.answers import has_one_text_per_teacher, text_field

Kind = str  # one of those below
_NAME = 20  # characters of a name or flag at most; not all languages have spaces between words

TEXT, NUMBERS, JSON, MESSAGES, TEXTS, CHATS, ANSWERS, NOTHING, OTHER = (
    "text",
    "numbers",
    "messages as JSON text",
    "messages",
    "lists of texts",
    "lists of messages",
    "answers",
    "nothing",
    "other",
)


def kind_of(values: Iterable[Any]) -> Kind:
    """The kind of a column.

    >>> kind_of(["What?", None])
    'text'
    >>> kind_of([[{"role": "user", "content": "What?"}]])
    'messages'
    >>> kind_of([["5.", "2 + 3 = 5."], []])
    'lists of texts'
    >>> kind_of([[{"model": "small", "text": "5."}], [], {"small": "5.", "large": "2 + 3 = 5."}])
    'answers'
    """
    kinds = {_kind(value) for value in values} - {NOTHING}
    if kinds == {TEXT, JSON} or kinds == {TEXT, NUMBERS}:
        return TEXT
    return kinds.pop() if len(kinds) == 1 else OTHER if kinds else NOTHING


def _kind(value: Any) -> Kind:
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return JSON if messages_from_json(value) else TEXT
    if isinstance(value, Number):
        return NUMBERS
    if has_one_text_per_teacher(value):
        return ANSWERS
    if not isinstance(value, Sequence):
        return OTHER
    if not len(value):
        return NOTHING
    if all(map(is_message, value)):
        return MESSAGES
    if text_field(value):
        return ANSWERS
    if all(isinstance(item, list) and item and all(map(is_message, item)) for item in value):
        return CHATS
    return TEXTS if all(item is None or isinstance(item, str) for item in value) else OTHER


def conversations(values: Iterable[Any]) -> list[list[Mapping[str, Any]]]:
    """The conversations among values, some of which may be JSON text.

    >>> conversations([None, "2 + 3?", '[{"role": "user", "content": "2 + 3?"}]'])
    [[{'role': 'user', 'content': '2 + 3?'}]]
    """
    chats = (messages_from_json(value) or value for value in values)
    return [chat for chat in chats if isinstance(chat, list) and chat and all(map(is_message, chat))]


def holds_prose(values: Iterable[Any]) -> bool:
    """Whether texts, or lists of them, are more than flags and names.

    >>> holds_prose(["We add.", None]), holds_prose([["We add."]]), holds_prose(["on", "off"])
    (True, True, False)
    """
    texts = (text for value in values for text in (value if isinstance(value, list) else [value]))
    return any(isinstance(text, str) and (len(text.split()) > 1 or len(text) > _NAME) for text in texts)
