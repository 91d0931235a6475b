"""From text to token ids: the prompt once per window, the response once and whole.

A response is tokenised alone and never in pieces, so its ids do not depend on how it is split into
steps; steps become ranges of those ids.
"""

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import Any

import numpy as np

from local_naturalness.encoding.offsets import token_starts
from local_naturalness.spec import function_label

Prompt = str | list[dict[str, Any]]
PromptTemplate = str | Callable[[Any], str]

_TURN_MARK = "(assistant turn)"
_OPEN_THINK = re.compile(r"<think>\s*\Z")


@dataclass(frozen=True)
class EncodedPrompt:
    """Ids that precede every window, and the `<think>` the rendered prompt ends in, if it does."""

    ids: np.ndarray
    open_think: str = ""


@dataclass(frozen=True)
class EncodedResponse:
    """Token ids of a response and, for each token, its first character."""

    ids: np.ndarray
    starts: list[int]

    def without_repeated(self, open_think: str, response: str) -> "EncodedResponse":
        """Drop the tokens of a leading `<think>` that the prompt already ends in."""
        repeated = _common_prefix_length(open_think, response)
        if repeated < len("<think>"):
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
    """

    def __init__(
        self,
        tokenizer: Any,
        prompt_template: PromptTemplate | None = None,
        include_prompt: bool = True,
    ):
        self._tokenizer = tokenizer
        self._template = prompt_template
        self._include_prompt = include_prompt

    def encode(self, prompt: Prompt) -> EncodedPrompt:
        """Encode one prompt: a string, or a list of messages with `role` and `content`."""
        if not self._include_prompt:
            return EncodedPrompt(self._prefix_token())
        if self._template is None and not self._tokenizer.chat_template:
            return EncodedPrompt(self._plain(prompt))
        rendered = self._render(prompt)
        ids = self._ids(rendered)
        open_think = _OPEN_THINK.search(rendered)
        return EncodedPrompt(
            ids if len(ids) else self._prefix_token(), open_think.group() if open_think else ""
        )

    def encode_between(self, prompt: Prompt, between: Sequence[dict[str, Any]]) -> np.ndarray:
        """Encode what the template puts between an assistant turn and the next one.

        The turn before is rendered as a mark: templates strip or wrap what assistants said earlier, and
        only what follows it is wanted.
        """
        if self._template is None and not self._tokenizer.chat_template:
            return self._plain([*prompt, *between])
        rendered = self._render([*prompt, {"role": "assistant", "content": _TURN_MARK}, *between])
        _, mark, after = rendered.rpartition(_TURN_MARK)
        if not mark:
            raise ValueError(
                f"The chat template of {type(self._tokenizer).__name__} leaves out earlier assistant turns, "
                "so conversations cannot be scored turn by turn with it. Pass `prompt_template` as an "
                "importable function `messages -> str`."
            )
        return self._ids(after)

    def _render(self, prompt: Prompt) -> str:
        if callable(self._template):
            rendered = self._template(prompt)
            if not isinstance(rendered, str):
                raise TypeError(
                    "`prompt_template` must return a string for every prompt, it returned "
                    f"{type(rendered).__name__}."
                )
            return rendered
        if self._template is not None:
            if not isinstance(prompt, str):
                raise TypeError(
                    "A `prompt_template` that is a format string needs string prompts, found a list of "
                    "messages. Pass an importable function `messages -> str` instead."
                )
            return self._template.format(prompt=prompt)
        messages = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
        try:
            return self._tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except Exception as error:  # templates raise whatever their author chose
            raise ValueError(
                f"The chat template of {type(self._tokenizer).__name__} refused a prompt with the roles "
                f"{[message.get('role') for message in messages]}: {error}. Change the messages or pass "
                "`prompt_template`."
            ) from error

    def _plain(self, prompt: Prompt) -> np.ndarray:
        if not isinstance(prompt, str):
            raise ValueError(
                "Prompts that are lists of messages need a chat template, and the tokenizer "
                f"{type(self._tokenizer).__name__} has none. Pass a tokenizer with a chat template, or "
                "`prompt_template` as an importable function `messages -> str`."
            )
        bos = self._tokenizer.bos_token_id
        prefix = np.asarray([] if bos is None else [bos], dtype=np.int64)
        ids = np.concatenate([prefix, self._ids(prompt + "\n")])
        return ids if len(ids) else self._prefix_token()

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


def _common_prefix_length(left: str, right: str) -> int:
    length = 0
    for a, b in zip(left, right, strict=False):
        if a != b:
            break
        length += 1
    return length


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
