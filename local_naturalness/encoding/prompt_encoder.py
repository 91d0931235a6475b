"""The prompt as token ids: with the student's chat template, with a template of the user, or as plain text.

Every window begins with the prompt once, with one beginning-of-sequence token.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

import numpy as np

from local_naturalness.encoding.chat_template import MARK, ChatTemplate, TemplateRefusal
from local_naturalness.encoding.left_out import doubts_of_rendered, is_shown
from local_naturalness.encoding.messages import (
    Message,
    Prompt,
    Tools,
    as_messages,
    name_of_tool,
    times_named,
)
from local_naturalness.encoding.prompt_template import PromptTemplate
from local_naturalness.encoding.reasoning import (
    empty_block_at_end,
    opening_at_end,
    without_reasoning,
)
from local_naturalness.encoding.tokenizer_name import named


@dataclass(frozen=True)
class EncodedPrompt:
    """The prompt, which precedes every window.

    Attributes:
        ids: token ids.
        text: the text of these tokens.
        opening: the opening of a reasoning block (or a whole, empty block) at the end of the text. `""` if
            there is none.
        doubts: reasons to doubt that the text holds all that the messages say.
    """

    ids: np.ndarray
    text: str = ""
    opening: str = ""
    doubts: frozenset[str] = frozenset()

    @property
    def empty_block(self) -> str:
        """The closed, empty reasoning block at the end of the prompt. `""` if there is none."""
        return empty_block_at_end(self.opening)


class PromptEncoder:
    """Encode prompts the way the student was, or will be, trained to see them.

    Args:
        tokenizer: the student's tokenizer.
        prompt_template: function `prompt -> str`, or format string with the field `{prompt}`. Replaces the
            chat template and the plain form.
        include_prompt: `False` keeps only the first token: beginning of sequence, or else end of sequence.
        switches: variables of the chat template.

    Raises:
        ValueError: there are switches, but no chat template.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompt_template: PromptTemplate | None = None,
        include_prompt: bool = True,
        switches: Mapping[str, Any] | None = None,
    ):
        self._tokenizer = tokenizer
        self._template = prompt_template
        self._include_prompt = include_prompt
        uses_chat = prompt_template is None and tokenizer.chat_template
        self.chat_template = ChatTemplate(tokenizer, switches) if uses_chat else None
        if switches and not uses_chat:
            raise ValueError(
                "`chat_template_kwargs` are for the student's chat template, and "
                + ("`prompt_template` replaces it." if prompt_template is not None else "it has none.")
                + " Leave them out."
            )

    @property
    def template_source(self) -> str:
        """Text of the chat template. `""` if none is used."""
        return "" if self.chat_template is None else self.chat_template.source

    @property
    def pinned_date(self) -> str | None:
        """The date that prompts show instead of today's. `None` if they show no date."""
        return None if self.chat_template is None else self.chat_template.pinned_date

    def encode(self, prompt: Prompt, tools: Tools | None = None) -> EncodedPrompt:
        """Encode one prompt: a string, or a list of messages with `role` and `content`.

        Raises:
            TemplateRefusal: the chat template raised an error, or nothing shows the tools to the student.
        """
        if not self._include_prompt:
            return EncodedPrompt(self._prefix_token())
        if self._template is None and self.chat_template is None:
            if tools:
                raise _unshown(tools)
            return self._plain(prompt)
        encoded = self._encoded(self._render(prompt, tools), as_messages(prompt))
        return encoded if len(encoded.ids) else replace(encoded, ids=self._prefix_token())

    def encode_between(
        self, prompt: Prompt, between: Sequence[Message], tools: Tools | None = None
    ) -> EncodedPrompt:
        """Encode the text that the template writes between an assistant turn and the next one.

        A mark replaces the text of the earlier turn, because templates strip or wrap earlier assistant turns.
        Only the text after the turn is needed.

        Args:
            prompt: messages before the turn.
            between: messages after the turn.
            tools: tools that the template shows.
        """
        if self._template is None and self.chat_template is None:
            return self._plain([*as_messages(prompt), *between])
        messages = [*as_messages(prompt), {"role": "assistant", "content": MARK}, *between]
        _, mark, after = self._render(messages, tools).rpartition(MARK)
        if not mark:
            raise TemplateRefusal(
                f"The chat template of {named(self._tokenizer)} leaves out an earlier assistant turn, so the "
                "conversation cannot be scored turn by turn. Pass `prompt_template` as an importable "
                "function `messages -> str`."
            )
        return self._encoded(after, between)

    def encode_after(
        self,
        prompt: Prompt,
        message: Message,
        text: str,
        between: Sequence[Message],
        tools: Tools | None = None,
    ) -> EncodedPrompt:
        """Like `encode_between`, after a turn with tool calls or reasoning, which a mark cannot replace.

        Args:
            prompt: messages before the turn.
            message: the turn.
            text: text of the turn. If the template leaves out the reasoning of earlier turns, the text
                without reasoning is looked for.
            between: messages after the turn.
            tools: tools that the template shows.
        """
        messages = as_messages(prompt)
        rendered = self._render([*messages, message, *between], tools)
        # Other messages may say the same. The turn stands where another one changes the text.
        try:
            other = self._render([*messages, {"role": "assistant", "content": MARK}, *between], tools)
        except TemplateRefusal:  # for example, what a tool says must follow a call
            other = self._render(messages, tools)
        same = takewhile(lambda pair: pair[0] == pair[1], zip(rendered, other, strict=False))
        differs = sum(1 for _ in same)
        for known in (text, without_reasoning(text)):
            begin = rendered.find(known, max(0, differs - len(known)))
            if known and begin >= 0:
                return self._encoded(rendered[begin + len(known) :], between)
        found = self.encode_between(prompt, between, tools)
        # Gemma 4 writes what a tool says into the turn that calls it, before the content of that turn.
        if message.get("tool_calls") and not all(is_shown(said, found.text) for said in between):
            raise TemplateRefusal(
                f"The chat template of {named(self._tokenizer)} writes what a tool says into the turn that "
                "calls it, so the two cannot be separated. Such a conversation cannot be scored turn by turn."
            )
        return found

    def _encoded(self, text: str, messages: Sequence[Message]) -> EncodedPrompt:
        # What a function of the user leaves out is meant to be left out.
        doubts = doubts_of_rendered(messages, text) if self.chat_template is not None else frozenset[str]()
        return EncodedPrompt(self._ids(text), text, opening_at_end(text), doubts)

    def _render(self, prompt: Prompt, tools: Tools | None) -> str:
        if self.chat_template is not None:
            rendered = self.chat_template.prompt(as_messages(prompt), tools)
            if tools:
                bare = self._without_tools(prompt)
                if not all(
                    times_named(rendered, name) > times_named(bare, name) for name in map(name_of_tool, tools)
                ):
                    raise _unshown(tools)
            return rendered
        if tools:
            raise _unshown(tools)
        if callable(self._template):
            rendered = self._template(prompt)
            if not isinstance(rendered, str):
                raise TypeError(
                    "`prompt_template` must return a string for every prompt, it returned "
                    f"{type(rendered).__name__}."
                )
            return rendered
        if not isinstance(prompt, str):
            raise TypeError(
                "A `prompt_template` that is a format string needs string prompts, found a list of "
                "messages. Pass an importable function `messages -> str` instead."
            )
        assert self._template is not None  # else `_plain` encodes the prompt
        return self._template.format(prompt=prompt)

    def _without_tools(self, prompt: Prompt) -> str:
        """The prompt without tools. Its messages may name a tool, too."""
        assert self.chat_template is not None
        try:
            return self.chat_template.prompt(as_messages(prompt))
        except TemplateRefusal:  # such as one that is for tools alone
            return ""

    def _plain(self, prompt: Prompt) -> EncodedPrompt:
        if not isinstance(prompt, str):
            raise ValueError(
                "Prompts that are lists of messages need a chat template, and the tokenizer of "
                f"{named(self._tokenizer)} has none. Pass a tokenizer with a chat template, or "
                "`prompt_template` as an importable function `messages -> str`."
            )
        bos = self._tokenizer.bos_token_id
        prefix = np.asarray([] if bos is None else [bos], dtype=np.int64)
        text = prompt + "\n"
        ids = np.concatenate([prefix, self._ids(text)])
        return EncodedPrompt(ids if len(ids) else self._prefix_token(), text)

    def _ids(self, text: str) -> np.ndarray:
        ids = self._tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return np.asarray(ids, dtype=np.int64)

    def _prefix_token(self) -> np.ndarray:
        tokenizer = self._tokenizer
        token = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
        if token is None:
            raise ValueError(
                "Without a prompt, the first token must be conditioned on a special token, and the "
                f"tokenizer of {named(tokenizer)} has neither a beginning- nor an end-of-sequence token. Set "
                "`tokenizer.bos_token`, or keep `include_prompt=True`."
            )
        return np.asarray([token], dtype=np.int64)


def _unshown(tools: Tools) -> TemplateRefusal:
    return TemplateRefusal(
        f"A row has `tools` ({', '.join(map(name_of_tool, tools))}), and the student's prompt does not show "
        "them: it needs a chat template that does. If the student is to be trained without them, remove the "
        "column 'tools'."
    )
