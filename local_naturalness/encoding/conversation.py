"""The response of a conversation: what the template writes for its last assistant turn."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from local_naturalness.encoding.chat_template import MARK, ChatTemplate, TemplateRefusal
from local_naturalness.encoding.messages import (
    REASONING_KEYS,
    Message,
    Tools,
    UnreadablePart,
    name_of_tool,
)
from local_naturalness.encoding.reasoning import TAGS, ReasoningTags, pieces, places, repeats, tags_of
from local_naturalness.encoding.tool_calls import writes_calls
from local_naturalness.inputs.column_names import names_reasoning

_READ = ("role", "content", "tool_calls", "function_calls", *REASONING_KEYS)
# Fields that no template reads.
_UNREAD_KEYS = ("function_call", "audio", "refusal")


@dataclass(frozen=True)
class Answer:
    """The parts of an assistant turn.

    Attributes:
        content: text.
        reasoning: text beside the content.
        tool_calls: objects.
        function_calls: calls as text, which the templates of OLMo write.
    """

    content: str
    reasoning: str
    tool_calls: Sequence[Mapping[str, Any]]
    function_calls: str = ""

    @classmethod
    def of(cls, message: Message) -> "Answer":
        """Read a message without null fields.

        Raises:
            UnreadablePart: a part is not a text (or, for calls, a list), or cannot be shown to the student.
        """
        content = message.get("content", "")
        reasoning = next((message[key] for key in REASONING_KEYS if message.get(key)), "")
        calls = message.get("tool_calls") or []
        unread = [key for key in _UNREAD_KEYS if message.get(key)]
        others = {key: message[key] for key in message if key not in _READ}
        unread += [] if reasoning else list(_other_reasoning(others, content))
        unread += [key for key in REASONING_KEYS if _differs(message.get(key), reasoning)]
        if unread:
            named = ", ".join(f"`{key}`" for key in unread)
            raise UnreadablePart(
                f"An assistant turn has {named}, which would be left out of what is scored: write reasoning "
                "into `reasoning_content`, calls into `tool_calls` and text into `content`, remove the "
                "field, or leave such rows out."
            )
        if not isinstance(content, str) or not isinstance(reasoning, str):
            wrong = reasoning if isinstance(content, str) else content
            raise UnreadablePart(
                f"`content` and reasoning of an assistant turn must be texts, found {type(wrong).__name__}."
            )
        if isinstance(calls, str) or not isinstance(calls, Sequence):
            raise UnreadablePart(
                f"`tool_calls` must be a list, found {type(calls).__name__} {str(calls)[:60]!r}."
            )
        if not all(isinstance(call, Mapping) for call in calls):
            raise UnreadablePart(
                "`tool_calls` must be a list of objects such as "
                f'{{"function": {{"name": ..., "arguments": ...}}}}, found {str(list(calls))[:60]}.'
            )
        called = message.get("function_calls") or ""
        if not isinstance(called, str):
            raise UnreadablePart(
                f"`function_calls` must be a text, found {type(called).__name__} {str(called)[:60]!r}: write "
                "the calls into `tool_calls`."
            )
        return cls(content, reasoning, calls, called)

    @property
    def is_plain(self) -> bool:
        """Whether the turn has only content."""
        return not self.reasoning and not self.has_calls

    @property
    def has_calls(self) -> bool:
        """Whether the turn calls tools."""
        return bool(self.tool_calls or self.function_calls.strip())

    def has_calls_in(self, text: str) -> bool:
        """Whether a text holds all calls."""
        called = pieces(self.function_calls)
        return writes_calls(text, self.tool_calls) and all(piece in text for piece in called)


@dataclass(frozen=True)
class Response:
    """The text of an assistant turn.

    Attributes:
        text: the text after the rendered prompt, up to the end of the turn.
        is_rendered: whether the template wrote the text. Otherwise the parts of the turn were joined.
    """

    text: str
    is_rendered: bool


def _other_reasoning(fields: Mapping[str, Any], content: Any) -> Iterator[str]:
    """Fields that hold reasoning where templates do not read it, unless the content repeats it.

    Some data sets tell of a message in an object, such as `info`; so do some clients of servers.
    """
    for key, value in fields.items():
        if isinstance(value, Mapping):
            yield from (f"{key}.{inner}" for inner in _other_reasoning(value, content))
        elif isinstance(value, str | list) and value and names_reasoning(key):
            is_repeated = isinstance(value, str) and isinstance(content, str) and repeats(content, value)
            if not is_repeated:
                yield key


def _differs(other: Any, reasoning: Any) -> bool:
    """Whether a second field holds another reasoning than the one that is scored."""
    return isinstance(other, str) and isinstance(reasoning, str) and not repeats(reasoning, other)


def response_of(
    message: Message, prompt: Sequence[Message], template: ChatTemplate | None, tools: Tools | None = None
) -> Response:
    """The text of an assistant turn after the rendered prompt, up to the end of the turn.

    This is what the template writes, if the rendered conversation begins with the rendered prompt and no part
    of the turn is left out. Otherwise, reasoning and content are joined with the tags of the student's
    family, followed by the tool calls as the template writes them.

    Args:
        message: the assistant turn.
        prompt: the messages before it.
        template: chat template. If it is `None`, only reasoning and content can be written.
        tools: the tools that the template shows.

    Raises:
        TemplateRefusal: the template refuses the prompt, or does not write the tool calls of this turn.
        TypeError: the template writes no tool calls at all.
    """
    answer = Answer.of(message)
    if template is None:
        if answer.has_calls:
            raise _unwritten(answer, template)
        return Response(_joined(answer, TAGS[0]), is_rendered=False)
    shown = template.prompt(prompt, tools)
    rendered = _rendered_turn(message, prompt, shown, template, tools)
    rest = None if rendered is None else _without_texts(rendered, answer)
    if rendered is not None and rest is not None:
        if not answer.has_calls_in(rest):
            raise _unwritten(answer, template)
        return Response(rendered, is_rendered=True)
    tags = tags_of(shown, template.source)
    if not answer.has_calls:
        return Response(_joined(answer, tags), is_rendered=False)
    spoken = _rendered_without_reasoning(message, prompt, shown, template, tools)
    rest = _without_texts(spoken, replace(answer, reasoning=""))
    if rest is None or not answer.has_calls_in(rest):
        raise _unwritten(answer, template)
    return Response(_joined(replace(answer, content=spoken), tags), is_rendered=False)


def _rendered_turn(
    message: Message, prompt: Sequence[Message], shown: str, template: ChatTemplate, tools: Tools | None
) -> str | None:
    """The text after the prompt in the rendered conversation. `None` if it does not begin with the prompt."""
    try:
        conversation = template.conversation([*prompt, message], tools)
    except TemplateRefusal:  # for example, harmony refuses content with its own tags
        return None
    if not conversation.startswith(shown):
        return None
    return _without_end(conversation[len(shown) :], prompt, template, tools)


def _rendered_without_reasoning(
    message: Message, prompt: Sequence[Message], shown: str, template: ChatTemplate, tools: Tools | None
) -> str:
    """Content and tool calls as the template writes them for a turn without reasoning."""
    plain = {key: value for key, value in message.items() if key not in REASONING_KEYS}
    rendered = _rendered_turn(plain, prompt, shown, template, tools)
    if rendered is not None:
        return rendered
    # The prompt differs from the one that training renders, for example because it opens a block of
    # reasoning.
    content = str(plain.get("content", ""))
    marked = template.conversation([*prompt, plain | {"content": MARK}], tools)
    _, mark, after = marked.rpartition(MARK)
    return content + _without_end(after, prompt, template, tools) if mark else content


def _without_end(text: str, prompt: Sequence[Message], template: ChatTemplate, tools: Tools | None) -> str:
    try:
        end = template.end_of_turn(prompt, tools)
    except TemplateRefusal:
        end = ""
    if end.strip() and text.endswith(end):
        return text[: -len(end)]
    without = template.without_special_end(text)
    # Some templates end a turn with a line break alone.
    return text.removesuffix(end) if without == text else without


def _joined(answer: Answer, tags: ReasoningTags) -> str:
    return tags.joined(answer.reasoning, answer.content) if answer.reasoning else answer.content


def _without_texts(text: str, answer: Answer) -> str | None:
    """What a template writes around reasoning and content. `None` if it does not write both of them.

    Each is looked for behind the one before it, because the content may repeat the reasoning.
    """
    parts = [*pieces(answer.reasoning), *pieces(answer.content)]
    begins = places(text, parts)
    if begins is None:
        return None
    ends = [begin + len(part) for begin, part in zip(begins, parts, strict=True)]
    return "\n".join(text[end:begin] for end, begin in zip([0, *ends], [*begins, len(text)], strict=True))


def _unwritten(answer: Answer, template: ChatTemplate | None) -> TemplateRefusal | TypeError:
    """A refusal of the row; an error if the template has no place for calls, so that no such row fits."""
    names = ", ".join(map(name_of_tool, answer.tool_calls))
    has = f"`tool_calls` ({names})" if names else "`function_calls`"
    told = (
        f"An assistant turn has {has}, and the student's chat template does not "
        "write them together with the rest of the turn: a part would be left out of what is scored. Use a "
        "student whose template writes all of it, or write the calls into `content`, as the student is going "
        "to see them."
    )
    if names and (template is None or "tool_calls" not in template.source):
        return TypeError(f"{told} Or leave out the rows with tool calls, for example with `Dataset.filter`.")
    return TemplateRefusal(told)
