"""The student's chat template: renders messages as text, with a fixed date and the given switches."""

from collections.abc import Mapping, Sequence
from typing import Any

from local_naturalness.encoding.messages import Message, Tools, name_of_tool
from local_naturalness.encoding.reasoning import without_flags
from local_naturalness.encoding.template_variables import RESERVED, reads_variable, variables
from local_naturalness.encoding.tokenizer_name import named

# Templates that print today's date print this one instead, so that scores do not change from day to day. It
# is the default date of Llama 3.
PINNED_DATE = "2024-07-26"
# Spelled out, because names of days and months would depend on the locale of the machine.
_PINNED = {
    "%Y": "2024", "%y": "24", "%m": "07", "%-m": "7", "%B": "July", "%b": "Jul", "%h": "Jul",
    "%d": "26", "%-d": "26", "%e": "26", "%j": "208", "%A": "Friday", "%a": "Fri", "%u": "5", "%w": "5",
    "%F": PINNED_DATE, "%D": "07/26/24", "%x": "07/26/24", "%c": "Fri Jul 26 00:00:00 2024",
    "%H": "00", "%-H": "0", "%I": "12", "%-I": "12", "%M": "00", "%S": "00", "%p": "AM",
    "%T": "00:00:00", "%X": "00:00:00", "%R": "00:00", "%Z": "UTC", "%z": "+0000",
}  # fmt: skip

# Takes the place of the text of an assistant turn if only the text around it matters.
MARK = "(assistant turn)"


class TemplateRefusal(ValueError):
    """A row that the template raises an error for, or a part of which it does not write.

    The status of the row says so, and other rows are scored.
    """


class ChatTemplate:
    """Render conversations as the student was, or will be, trained to see them.

    Args:
        tokenizer: a tokenizer with a chat template.
        switches: variables of the template, such as `{"enable_thinking": True}`.

    Raises:
        ValueError: the template does not use such a variable.
    """

    def __init__(self, tokenizer: Any, switches: Mapping[str, Any] | None = None):
        self._tokenizer = tokenizer
        self._switches = dict(switches or {})
        self._takes_blocks: bool | None = None
        for name in self._switches:
            if not self._reads(name):
                known = ", ".join(map(repr, variables(self.source)))
                raise ValueError(
                    f"`chat_template_kwargs` sets {name!r}, which the chat template of {named(tokenizer)} "
                    f"does not use: {f'pass one of {known}, which it reads, or ' if known else ''}leave it "
                    "out."
                )

    def with_switches(self, switches: Mapping[str, Any]) -> "ChatTemplate":
        """The same template with other variables as well. Those that it does not read are left out."""
        read = {name: value for name, value in switches.items() if self._reads(name)}
        return ChatTemplate(self._tokenizer, self._switches | read)

    def _reads(self, name: str) -> bool:
        return name not in RESERVED and reads_variable(self.source, name)

    @property
    def source(self) -> str:
        """Text of the template, or of all templates if the tokenizer has several."""
        template = self._tokenizer.chat_template
        return "\n".join(template.values()) if isinstance(template, Mapping) else template

    @property
    def pinned_date(self) -> str | None:
        """The date that is shown instead of today's. `None` if the template prints no date."""
        return PINNED_DATE if "strftime_now" in self.source else None

    def prompt(self, messages: Sequence[Message], tools: Tools | None = None) -> str:
        """Render messages and the header of the assistant's answer.

        If a template has no generation prompt, the text that it writes before an answer is added. Spaces at
        the end of that text are left out, because tokenizers join them with the first word of the answer.
        """
        rendered = self._rendered(messages, tools, add_generation_prompt=True)
        asked = str(messages[-1].get("content", "")).strip() if messages[-1]["role"] == "user" else ""
        if not all(text in rendered for text in without_flags(asked)):
            raise TemplateRefusal(
                f"The chat template of {named(self._tokenizer)} leaves out the text of a user's message, or "
                f"changes it ({asked[:40]!r}). Pass `prompt_template`."
            )
        if "add_generation_prompt" in self.source:
            return rendered
        marked = self.conversation([*messages, {"role": "assistant", "content": MARK}], tools)
        header, mark, _ = marked.rpartition(MARK)
        if not mark or not header.startswith(rendered) or not header[len(rendered) :].strip():
            return rendered
        return header.rstrip(" ")

    def conversation(self, messages: Sequence[Message], tools: Tools | None = None) -> str:
        """Render messages that end with an assistant turn, as in training."""
        return self._rendered(messages, tools, add_generation_prompt=False)

    def before_answer(self, shown: str, messages: Sequence[Message], tools: Tools | None = None) -> str:
        """The text that the template writes between a rendered prompt and an answer, such as a channel.

        `""` if it writes none, or if a conversation does not begin with the rendered prompt.
        """
        try:
            marked = self.conversation([*messages, {"role": "assistant", "content": MARK}], tools)
        except TemplateRefusal:
            return ""
        header, mark, _ = marked.rpartition(MARK)
        return header[len(shown) :] if mark and header.startswith(shown) else ""

    def end_of_turn(self, messages: Sequence[Message], tools: Tools | None = None) -> str:
        """The text that the template writes after an assistant turn, such as `"<|im_end|>\\n"`.

        It may depend on the messages before the turn, as in templates that number turns.
        """
        marked = self.conversation([*messages, {"role": "assistant", "content": MARK}], tools)
        _, mark, after = marked.rpartition(MARK)
        return after if mark else ""

    def without_special_end(self, text: str) -> str:
        """A rendered turn without the special token at its end, such as `<|call|>` after tool calls."""
        stripped = text.rstrip()
        special = [token for token in self._tokenizer.all_special_tokens if stripped.endswith(token)]
        return stripped[: -len(max(special, key=len))] if special else text

    def _rendered(
        self,
        messages: Sequence[Message],
        tools: Tools | None,
        add_generation_prompt: bool,
    ) -> str:
        if self._takes_blocks is None:
            self._takes_blocks = self._needs_blocks()
        if self._takes_blocks:
            messages = [_in_blocks(message) for message in messages]
        return self._applied(messages, tools, add_generation_prompt)

    def _needs_blocks(self) -> bool:
        """Whether the template shows text only in blocks of content, as multimodal templates do."""
        shown = []
        for message in ({"role": "user", "content": MARK}, _in_blocks({"role": "user", "content": MARK})):
            try:
                shown.append(MARK in self._applied([message], None, True))
            except TemplateRefusal:
                shown.append(False)
        return shown == [False, True]

    def _applied(
        self,
        messages: Sequence[Message],
        tools: Tools | None,
        add_generation_prompt: bool,
    ) -> str:
        tools = list(tools) if tools else None
        try:
            template = self._tokenizer.get_chat_template(tools=tools)
            if "strftime_now" in template:
                template = _DATE_MACRO + template
            return self._tokenizer.apply_chat_template(
                list(messages),
                tools=tools,
                chat_template=template,
                tokenize=False,
                add_generation_prompt=add_generation_prompt,
                **self._switches,
            )
        except Exception as error:  # templates may raise any error
            raise TemplateRefusal(
                f"The chat template of {named(self._tokenizer)} refused a conversation with the roles "
                f"{[message.get('role') for message in messages]}{_with_tools(tools)}: "
                f"{str(error).strip().removesuffix('.') or type(error).__name__}. Change the row, or pass "
                "`prompt_template`."
            ) from error


def marks_of_end(end: str) -> tuple[str, ...]:
    """Texts that a turn ends with if its end was written, all of it or its first line.

    >>> marks_of_end("<|end|>\\n<|endoftext|>"), marks_of_end("\\n")
    (('<|end|>\\n<|endoftext|>', '<|end|>'), ())
    """
    whole = end.strip()
    return tuple(dict.fromkeys((whole, whole.splitlines()[0]))) if whole else ()


def _with_tools(tools: Tools | None) -> str:
    return f" and the tools {', '.join(map(name_of_tool, tools))}" if tools else ""


def _in_blocks(message: Message) -> Message:
    content = message.get("content")
    return message | {"content": [{"type": "text", "text": content}]} if isinstance(content, str) else message


def _date_macro() -> str:
    """`strftime_now` as a Jinja macro, because functions cannot be passed to a template."""
    replaced = "".join(f" | replace({code!r}, {text!r})" for code, text in _PINNED.items())
    # The first line of the template must remain one: white space before its first tag is not rendered. The
    # line break is not rendered either.
    return "{%- macro strftime_now(format) -%}{{- format" + replaced + " -}}{%- endmacro %}\n"


_DATE_MACRO = _date_macro()
