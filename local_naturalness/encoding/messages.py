"""Messages in the form that chat templates take: a `role`, and a text as `content`.

Three forms are read: `role` and `content` as in OpenAI and TRL, `from` and `value` as in ShareGPT, and
content in blocks such as `[{"type": "text", "text": "Hi"}]`. Other fields of a message are kept.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from local_naturalness.encoding.reasoning import carries_reasoning, repeats

Message = dict[str, Any]
Prompt = str | list[Message]
Tools = Sequence[Mapping[str, Any]]

# Other names in datasets for the roles of chat templates.
ROLES = {
    "human": "user",
    "prompter": "user",
    "gpt": "assistant",
    "chatgpt": "assistant",
    "bing": "assistant",
    "bard": "assistant",
    "bot": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "observation": "tool",
    "function_response": "tool",
}
# Fields in which datasets keep the reasoning beside the answer.
REASONING_KEYS = ("reasoning_content", "reasoning", "thinking")
# Field of a message that could not be read: why.
UNREADABLE = "unreadable"
# A message has at least one of these. A message with tool calls or reasoning may have no content.
_PARTS = frozenset({"content", "tool_calls", "function_calls", "refusal", UNREADABLE, *REASONING_KEYS})
_THINKING_BLOCKS = ("thinking", "reasoning")
KNOWN_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


class UnreadablePart(TypeError):
    """A part of a row cannot be scored, such as an image or a refusal. Other rows may be fine."""


def without_nulls(value: Any) -> Any:
    """Drop the fields of messages and tools that are null, at any depth.

    Arrow gives every row the fields of all rows, filled with nulls. Those fields do not belong to the row.

    >>> without_nulls([{"role": "user", "content": "Hi", "name": None}])
    [{'role': 'user', 'content': 'Hi'}]
    """
    if isinstance(value, Mapping):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [without_nulls(inner) for inner in value]
    return value


def read_messages(value: Any, column: str, keep_unreadable: bool = False) -> list[Message]:
    """The messages of one row.

    Args:
        value: a list of messages.
        column: name of the column, for errors.
        keep_unreadable: whether a message that cannot be read stays, with the reason in a field
            `unreadable`, so that a later reader refuses the row.

    Raises:
        TypeError: the value is not a list of messages.
        UnreadablePart: a message holds more than text, or a tool call is written as text.

    >>> read_messages([{"from": "human", "value": "Hi"}], "conversations")
    [{'role': 'user', 'content': 'Hi'}]
    >>> read_messages([{"role": "user", "content": [{"type": "text", "text": "Hi"}]}], "messages")
    [{'role': 'user', 'content': 'Hi'}]
    """
    if isinstance(value, str):
        raise TypeError(_text_instead(value, column))
    if not isinstance(value, Sequence) or not all(map(is_message, value)):
        raise TypeError(
            f"The column {column!r} must hold texts or lists of messages with 'role' and 'content', found "
            f"{shown(value)}."
        )
    return [_read(message, column, keep_unreadable) for message in value]


def read_conversation(value: Any, column: str) -> list[Message]:
    """The messages of a row that must contain an answer.

    Raises:
        TypeError: the value is not a list of messages.
        UnreadablePart: as in `read_messages`. Or there is no assistant turn, but a turn with an unknown role
            that may be the answer.
    """
    messages = read_messages(value, column)
    found = {message["role"] for message in messages}
    if "assistant" not in found and found - KNOWN_ROLES:
        raise UnreadablePart(
            f"The column {column!r} has a conversation without an 'assistant' turn. It begins with "
            f"{str(messages[0].get('content'))[:60]!r}, and its roles are "
            f"{', '.join(sorted(map(repr, found)))}. Rename the role that answers to 'assistant'. These "
            f"names are understood too: {', '.join(map(repr, ROLES))}."
        )
    return messages


def as_messages(prompt: Prompt) -> list[Message]:
    """A prompt as messages for a chat template. A text is one user message."""
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)


def is_message(value: Any) -> bool:
    """Whether a value is a message: `role` and `content`, or `from` and `value`."""
    if not isinstance(value, Mapping):
        return False
    return ("role" in value and not _PARTS.isdisjoint(value)) or _is_sharegpt(value)


def role_of(message: Mapping[str, Any]) -> Any:
    """The role of a message as chat templates know it.

    >>> role_of({"from": "gpt", "value": "Hi"})
    'assistant'
    """
    return _known_role(message["from"] if _is_sharegpt(message) else message.get("role"))


def parsed(value: Any) -> Any:
    """What a JSON text of a list or object holds; any other value is unchanged."""
    if not isinstance(value, str) or not value.lstrip().startswith(("[", "{")):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def messages_from_json(text: Any) -> list[Any] | None:
    """The list of messages that a JSON text holds. `None` for any other text.

    >>> messages_from_json('[{"role": "user", "content": "Hi"}]')
    [{'role': 'user', 'content': 'Hi'}]
    >>> messages_from_json("[1, 2] is an interval.") is None
    True
    """
    value = parsed(text) if isinstance(text, str) else None
    is_conversation = isinstance(value, list) and value and all(map(is_message, value))
    return value if is_conversation else None


def text_of(content: Any, column: str) -> str | None:
    """The text of a message's content.

    Raises:
        UnreadablePart: the content holds something else than text, such as an image.
    """
    if content is None or isinstance(content, str):
        return content
    if not isinstance(content, Sequence) or not all(isinstance(block, str | Mapping) for block in content):
        raise UnreadablePart(
            f"The column {column!r} has a message whose content must be a text or a list of blocks such as "
            f'{{"type": "text", "text": ...}}, found {shown(content)}.'
        )
    return "".join(_text_of_block(block, column) for block in content)


def name_of_tool(tool: Mapping[str, Any]) -> str:
    """The name of a tool, or of the tool that a call is for.

    >>> name_of_tool({"type": "function", "function": {"name": "add"}}), name_of_tool({"name": "add"})
    ('add', 'add')
    """
    function = tool.get("function", tool)
    return str(function.get("name", "") if isinstance(function, Mapping) else function)


def times_named(text: str, name: str) -> int:
    """How often a text names a tool. A longer name that contains the name does not count.

    >>> times_named("call:add_all{} call:add{}", "add")
    1
    """
    return len(re.findall(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text)) if name else len(text)


def shown(value: Any) -> str:
    """The type of a value and its beginning, for errors."""
    text = repr(value)
    return f"{type(value).__name__} {text if len(text) <= 60 else text[:57] + '...'}"


def _read(message: Mapping[str, Any], column: str, keep_unreadable: bool) -> Message:
    try:
        return _readable(message, column)
    except UnreadablePart as error:
        if not keep_unreadable:
            raise
        if message.get("role", message.get("from")) == "function_call":  # tells that by itself
            return {"role": "function_call", "content": message.get("content", message.get("value"))}
        return {"role": role_of(message), "content": None, UNREADABLE: str(error)}


def _readable(message: Mapping[str, Any], column: str) -> Message:
    if message.get(UNREADABLE):
        raise UnreadablePart(message[UNREADABLE])
    if _is_sharegpt(message):
        role, content = message["from"], message["value"]
    else:
        role, content = message["role"], message.get("content")
    if role == "function_call":
        raise UnreadablePart(
            f"The column {column!r} has a turn with the role 'function_call', a tool call written as text. "
            "Chat templates leave such turns out or show them in another form. Write the call into "
            "`tool_calls` of an assistant turn."
        )
    others = {key: value for key, value in message.items() if key not in ("role", "content", "from", "value")}
    reasoning, content = _split_reasoning(content, column)
    if reasoning and not any(others.get(key) for key in REASONING_KEYS):
        others["reasoning_content"] = reasoning
    text = text_of(content, column)
    if text and not others.keys().isdisjoint(REASONING_KEYS) and carries_reasoning(text):
        # Some data sets hold it a second time.
        others = {key: value for key, value in others.items() if not _is_repeated(key, value, text)}
    return {"role": _known_role(role), "content": text, **others}


def _is_repeated(key: str, value: Any, content: str) -> bool:
    is_text = isinstance(value, str) and bool(value.strip())
    return key in REASONING_KEYS and is_text and repeats(content, value)


def _known_role(role: Any) -> Any:
    """The role as chat templates know it, in lower case. Unknown roles are unchanged.

    >>> _known_role("Human"), _known_role("ASSISTANT"), _known_role("Critic")
    ('user', 'assistant', 'Critic')
    """
    lower = role.strip().lower() if isinstance(role, str) else role
    return ROLES.get(lower, lower if lower in KNOWN_ROLES else role)


def _split_reasoning(content: Any, column: str) -> tuple[str | None, Any]:
    """The reasoning in the first blocks of a content, as in Mistral and Anthropic, and the other blocks."""
    if isinstance(content, str) or not isinstance(content, Sequence):
        return None, content
    count = 0
    while count < len(content) and _block_kind(content[count]) in _THINKING_BLOCKS:
        count += 1
    texts = [text_of(block.get("thinking") or block.get("text"), column) or "" for block in content[:count]]
    return "\n\n".join(texts) or None, content[count:]


def _block_kind(block: Any) -> Any:
    return block.get("type") if isinstance(block, Mapping) else None


def _is_sharegpt(message: Mapping[str, Any]) -> bool:
    return {"from", "value"} <= message.keys() and message.get("role") is None


def _text_of_block(block: str | Mapping[str, Any], column: str) -> str:
    if isinstance(block, str):
        return block
    # Arrow gives every block the fields of all blocks.
    kind = block.get("type") or "text"
    text = block.get("text")
    if kind not in ("text", "input_text", "output_text") or not isinstance(text, str):
        raise UnreadablePart(
            f"The column {column!r} has a message with content of type {kind!r}, and only text can be "
            "scored. Leave these rows out, or describe the content as text."
        )
    return text


def _text_instead(value: str, column: str) -> str:
    if messages_from_json(value) is not None:
        return (
            f"The column {column!r} holds messages as JSON text. Read them with `json.loads`, or with "
            "`to_rows` of `local_naturalness.shapes`, which turns such a dataset into rows."
        )
    return f"The column {column!r} must hold lists of messages, found {shown(value)}."
