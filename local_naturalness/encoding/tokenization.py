"""From text to token ids: the prompt once per window, the response once and whole.

A response is tokenised alone and never in pieces, so its ids do not depend on how it is split into
steps; steps become ranges of those ids.
"""

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

import numpy as np

from local_naturalness.encoding.chat_template import MARK, ChatTemplate
from local_naturalness.encoding.messages import Message
from local_naturalness.encoding.offsets import token_starts
from local_naturalness.encoding.reasoning import (
    empty_block_at_end,
    opening_at_end,
    repeated_length,
    without_reasoning,
)
from local_naturalness.spec import function_label

Prompt = str | list[Message]
PromptTemplate = str | Callable[[Any], str]
Tools = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class EncodedPrompt:
    """What precedes every window.

    Attributes:
        ids: token ids.
        text: that they stand for.
        opening: of a block of reasoning (or a whole, empty one) that the text ends in, `""` if it does not.
    """

    ids: np.ndarray
    text: str = ""
    opening: str = ""

    @property
    def empty_block(self) -> str:
        """The closed, empty block of reasoning that the prompt ends in, `""` if it does not."""
        return empty_block_at_end(self.opening)


@dataclass(frozen=True)
class EncodedResponse:
    """Token ids of a response and, for each token, its first character."""

    ids: np.ndarray
    starts: list[int]

    def without_repeated(self, opening: str, response: str) -> "EncodedResponse":
        """Drop the tokens of a leading opening, such as `<think>`, that the prompt already ends in."""
        repeated = repeated_length(opening, response)
        if not repeated:
            return self
        first = bisect.bisect_left(self.starts, repeated)
        return EncodedResponse(self.ids[first:], self.starts[first:])


def encode_response(tokenizer: Any, response: str) -> EncodedResponse:
    """Tokenise a whole response, without special tokens around it and without an end token."""
    ids, starts = token_starts(tokenizer, response)
    return EncodedResponse(np.asarray(ids, dtype=np.int64), starts)


def step_token_ranges(
    starts: Sequence[int], spans: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Turn step spans (characters) into token ranges.

    A token belongs to the step that holds its first character. Steps that own no token are merged into
    the next one (the last ones into the step before).

    Args:
        starts: first character of every token, non-decreasing.
        spans: `[start, end)` characters of the steps, tiling the response.

    Returns:
        `[start, end)` token ranges that tile the tokens, and the character spans of these steps.

    >>> step_token_ranges([0, 2, 5], [(0, 4), (4, 5), (5, 9)])
    ([(0, 2), (2, 3)], [(0, 4), (4, 9)])
    """
    ranges, merged = [], []
    first_token, first_character = 0, spans[0][0]
    for _, end in spans:
        end_token = bisect.bisect_left(starts, end)
        if end_token > first_token:
            ranges.append((first_token, end_token))
            merged.append((first_character, end))
            first_token, first_character = end_token, end
    if not ranges:
        return [], []
    merged[-1] = (merged[-1][0], spans[-1][1])
    # Offsets never point behind the text, but a tokenizer may place its last token at the very end of it.
    ranges[-1] = (ranges[-1][0], len(starts))
    return ranges, merged


class PromptEncoder:
    """Encode prompts the way the student was, or will be, trained to see them.

    Args:
        tokenizer: the student's tokenizer.
        prompt_template: callable `prompt -> str` or format string with the field `{prompt}`; replaces the
            chat template and the plain form.
        include_prompt: `False` leaves only the prefix token (beginning of sequence, else end of sequence).
        switches: variables of the chat template.

    Raises:
        ValueError: switches without a chat template that reads them.
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
        """Text of the chat template, `""` where none is used."""
        return "" if self.chat_template is None else self.chat_template.source

    @property
    def pinned_date(self) -> str | None:
        """The date that prompts show instead of today's, `None` where they show none."""
        return None if self.chat_template is None else self.chat_template.pinned_date

    def encode(self, prompt: Prompt, tools: Tools | None = None) -> EncodedPrompt:
        """Encode one prompt: a string, or a list of messages with `role` and `content`.

        Raises:
            TypeError: there are tools, and nothing shows them to the student.
            TemplateRefusal: the chat template raised an error.
        """
        if not self._include_prompt:
            return EncodedPrompt(self._prefix_token())
        if self._template is None and self.chat_template is None:
            if tools:
                raise _unshown(tools)
            return self._plain(prompt)
        rendered = self._render(prompt, tools)
        ids = self._ids(rendered)
        return EncodedPrompt(ids if len(ids) else self._prefix_token(), rendered, opening_at_end(rendered))

    def encode_between(
        self, prompt: Prompt, between: Sequence[Message], tools: Tools | None = None
    ) -> np.ndarray:
        """Encode what the template puts between an assistant turn and the next one.

        The turn before is rendered as a mark: templates strip or wrap what assistants said earlier, and
        only what follows it is wanted.

        Args:
            prompt: what stands before the turn.
            between: messages after it.
            tools: that the template shows.
        """
        if self._template is None and self.chat_template is None:
            return self._plain([*as_messages(prompt), *between]).ids
        messages = [*as_messages(prompt), {"role": "assistant", "content": MARK}, *between]
        _, mark, after = self._render(messages, tools).rpartition(MARK)
        if not mark:
            raise ValueError(
                f"The chat template of {type(self._tokenizer).__name__} leaves out earlier assistant turns, "
                "so conversations cannot be scored turn by turn with it. Pass `prompt_template` as an "
                "importable function `messages -> str`."
            )
        return self._ids(after)

    def encode_after(
        self,
        prompt: Prompt,
        message: Message,
        text: str,
        between: Sequence[Message],
        tools: Tools | None = None,
    ) -> np.ndarray:
        """Encode the same after a turn with tool calls or reasoning, which a mark cannot stand for.

        Args:
            prompt: what stands before the turn.
            message: the turn.
            text: of the turn. Where the template leaves out the reasoning of earlier turns, what follows
                it is looked for.
            between: messages after it.
            tools: that the template shows.
        """
        rendered = self._render([*as_messages(prompt), message, *between], tools)
        for known in (text, without_reasoning(text)):
            _, found, after = rendered.rpartition(known)
            if known and found:
                return self._ids(after)
        return self.encode_between(prompt, between, tools)

    def _render(self, prompt: Prompt, tools: Tools | None) -> str:
        if self.chat_template is not None:
            rendered = self.chat_template.prompt(as_messages(prompt), tools)
            if tools and not all(_name(tool) in rendered for tool in tools):
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

    def _plain(self, prompt: Prompt) -> EncodedPrompt:
        if not isinstance(prompt, str):
            raise ValueError(
                "Prompts that are lists of messages need a chat template, and the tokenizer "
                f"{type(self._tokenizer).__name__} has none. Pass a tokenizer with a chat template, or "
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
                "Without a prompt the first token needs something to be conditioned on, and the tokenizer "
                f"{type(tokenizer).__name__} has neither a beginning- nor an end-of-sequence token. Set "
                "`tokenizer.bos_token`, or keep `include_prompt=True`."
            )
        return np.asarray([token], dtype=np.int64)


def as_messages(prompt: Prompt) -> list[Message]:
    """A prompt as the messages that a chat template renders: a text is one user message."""
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)


def _name(tool: Mapping[str, Any]) -> str:
    return str(tool.get("function", tool).get("name", ""))


def _unshown(tools: Tools) -> TypeError:
    return TypeError(
        f"A row has `tools` ({', '.join(map(_name, tools))}), and the student's prompt does not show them: "
        "it needs a chat template that does. If the student is to be trained without them, remove the column "
        "'tools'."
    )


def checked_template(template: Any) -> PromptTemplate | None:
    """Refuse a template that is neither an importable function nor has the field `{prompt}`."""
    if template is None:
        return None
    if callable(template):
        function_label(template)
        return template
    if isinstance(template, str) and _fields(template) == {("prompt", "", None)}:
        return template
    raise ValueError(
        "`prompt_template` must be an importable function `prompt -> str` or a format string with the field "
        f"`{{prompt}}` (other braces doubled); found {template!r}."
    )


def _fields(template: str) -> set[tuple[str, str, str | None]]:
    """Name, format and conversion of each field; none for a template with a stray brace.

    `str.format` would also look up attributes and items, and apply formats, as in `{prompt.title}`: only
    the prompt as it is may stand in a template.
    """
    try:
        parsed = list(Formatter().parse(template))
    except ValueError:
        return set()
    return {(name, form or "", conversion) for _, name, form, conversion in parsed if name is not None}
