"""Parts of the messages before a response that the chat template leaves out or rewrites."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from local_naturalness.encoding.conversation import Answer
from local_naturalness.encoding.messages import REASONING_KEYS, Message
from local_naturalness.encoding.reasoning import pieces, places, without_flags, without_reasoning
from local_naturalness.encoding.row_doubts import (
    ARGUMENTS_QUOTED,
    EARLIER_REASONING,
    SPACE_TRIMMED,
    TEXT_CHANGED,
)
from local_naturalness.encoding.tool_calls import quotes_arguments, writes_calls


def doubts_of_rendered(messages: Sequence[Message], rendered: str) -> frozenset[str]:
    """The doubts about messages of which a rendered text does not hold every part as it is.

    White space at the ends of a message counts apart, and switches such as `/no_think` do not count.

    >>> messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}]
    >>> doubts_of_rendered(messages, "Be brief. USER: Hi"), doubts_of_rendered(messages, "USER: Hi")
    (frozenset(), frozenset({'text_changed'}))
    """
    parts = [part for message in messages for part in _parts(message)]
    is_whole = places(rendered, [text for _, (text, *_) in parts]) is not None
    found = set() if is_whole else set(_missing(parts, rendered))
    answers = [_calls_of(message) for message in messages if message["role"] == "assistant"]
    calls = [call for called in answers for call in called or ()]
    if None in answers or not writes_calls(rendered, calls):
        found.add(TEXT_CHANGED)
    if quotes_arguments(rendered, calls):
        found.add(ARGUMENTS_QUOTED)
    if any(_is_trimmed(message, rendered) for message in messages):
        found.add(SPACE_TRIMMED)
    return frozenset(found)


def _is_trimmed(message: Message, rendered: str) -> bool:
    """Whether white space at an end of a message is missing, though its text is there."""
    content = str(message.get("content") or "")
    bare = content.strip()
    is_padded = content != bare and message["role"] not in ("assistant", "tool")
    return is_padded and content not in rendered and bare in rendered


def _calls_of(message: Message) -> Sequence[Mapping[str, Any]] | None:
    """The tool calls of an earlier turn. `None` if it has a part that templates do not read."""
    try:
        calls = Answer.of(message).tool_calls
    except TypeError:
        return None
    is_usual = all(
        isinstance(call, Mapping) and isinstance(call.get("function", call), Mapping) for call in calls
    )
    return calls if is_usual else None


def is_shown(message: Message, text: str) -> bool:
    """Whether a text holds what a message says, as it is or, for a tool, as JSON."""
    return not set(_missing(list(_parts(message)), text))


def _missing(parts: Iterable[tuple[str, Sequence[str]]], rendered: str) -> Iterator[str]:
    """The doubts about parts that are not there. No two parts stand at the same place."""
    # A short part may also stand in a longer one.
    for doubt, spellings in sorted(parts, key=lambda part: len(part[1][0]), reverse=True):
        spelled = next((spelling for spelling in spellings if spelling in rendered), None)
        if spelled is None:
            yield doubt
        else:
            rendered = rendered.replace(spelled, "\0", 1)


def _parts(message: Message) -> Iterator[tuple[str, Sequence[str]]]:
    """The texts of a message, each in its spellings, and the doubt if the template does not write it."""
    content = str(message.get("content") or "")
    if message["role"] == "assistant":
        answers = pieces(without_reasoning(content))
        thoughts = pieces(content)
        thoughts = thoughts[: len(thoughts) - len(answers)]
        beside = next((message[key] for key in REASONING_KEYS if message.get(key)), "")
        for thought in (*pieces(str(beside)), *thoughts):
            yield EARLIER_REASONING, [thought]
        for answer in (*answers, *pieces(str(message.get("function_calls") or ""))):
            yield TEXT_CHANGED, [answer]
        return
    # In data of OLMo, the system message has the tools beside its content.
    if isinstance(tools := message.get("functions"), str) and tools.strip():
        yield TEXT_CHANGED, [tools.strip()]
    # Many templates write what a tool says as JSON.
    escapes = (False, True) if message["role"] == "tool" else ()
    for text in without_flags(content):
        yield TEXT_CHANGED, [text, *(json.dumps(text, ensure_ascii=escaped)[1:-1] for escaped in escapes)]
