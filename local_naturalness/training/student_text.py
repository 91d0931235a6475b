"""The tokens to train on (the scored tokens and the end of the turn), and the tokens that TRL makes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

from local_naturalness.encoding.chat_template import TemplateRefusal, marks_of_end
from local_naturalness.encoding.example_encoder import EncodedExample, ExampleEncoder
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import Message, Tools, as_messages
from local_naturalness.encoding.prompt_encoder import PromptEncoder
from local_naturalness.encoding.prompt_template import PromptTemplate
from local_naturalness.encoding.reasoning import opening_at_end, repeated_length

# Characters before the end of a turn that may change its tokens.
_NEAR = 64


@dataclass(frozen=True)
class Tokens:
    """A row as token ids.

    Attributes:
        prompt: tokens that the student is shown.
        trained: tokens that the loss is computed on.
    """

    prompt: Sequence[int]
    trained: Sequence[int]


class StudentText:
    """The rows of a dataset as one student sees them. This needs the tokenizer, but no weights.

    Args:
        tokenizer: tokenizer of the student.
        prompt_template: template with which prompts were scored.
        switches: variables of the chat template with which prompts were scored.
    """

    def __init__(
        self,
        tokenizer: Any,
        prompt_template: PromptTemplate | None = None,
        switches: Mapping[str, Any] | None = None,
    ):
        self.tokenizer = tokenizer
        self._prompts = PromptEncoder(tokenizer, prompt_template, switches=switches)
        self._encoder = ExampleEncoder(tokenizer, self._prompts, None)
        self.switches = dict(switches or {})
        self._last: tuple[Example, EncodedExample | str] | None = None

    @property
    def is_chat(self) -> bool:
        """Whether prompts are rendered by a chat template."""
        return self._prompts.chat_template is not None

    def scored(self, example: Example) -> Tokens:
        """The tokens that were scored, followed by the end of the turn.

        Raises:
            ValueError: the row cannot be scored.
        """
        *_, text, end = self.texts(example)
        encoded = self._encoded(example)
        return Tokens(encoded.prompt.tolist(), [*encoded.response.tolist(), *self._ids_of_end(text, end)])

    def num_scored(self, example: Example) -> int:
        """How many tokens were scored.

        Raises:
            ValueError: the row cannot be scored.
        """
        return self._encoded(example).num_tokens

    def num_tokens(self, example: Example) -> int:
        """How many tokens prompt and response have, without the end of the turn.

        Raises:
            ValueError: the row cannot be scored.
        """
        encoded = self._encoded(example)
        return len(encoded.prompt) + encoded.num_tokens

    def _encoded(self, example: Example) -> EncodedExample:
        # Several questions are asked of each row, one after another.
        if self._last is None or self._last[0] is not example:
            self._last = (example, self._encoder.encode(example))
        encoded = self._last[1]
        if isinstance(encoded, str):
            reason = self._encoder.refusals.pop(encoded, "")
            raise ValueError(f"it cannot be scored ({encoded}). {reason}".rstrip())
        return encoded

    def texts(self, example: Example) -> tuple[str, str, str]:
        """The prompt as the student sees it, the response, and the end of the turn.

        Raises:
            ValueError: the row cannot be scored.
        """
        encoded = self._encoded(example)
        repeated = repeated_length(opening_at_end(encoded.shown), encoded.text)
        text = encoded.text[repeated:]
        return encoded.shown, text, self._end(example, encoded.shown + text)

    def _end(self, example: Example, written: str) -> str:
        template, eos = self._prompts.chat_template, self.tokenizer.eos_token or ""
        if template is None:
            return "" if eos and written.endswith(eos) else eos
        prompt = as_messages(example.prompt or "")
        try:
            rendered = template.conversation([*prompt, answer_of(example)], example.tools)
            end = (
                rendered[len(written) :]
                if rendered.startswith(written)
                else template.end_of_turn(prompt, example.tools)
            )
        except TemplateRefusal:
            end = ""
        if end.strip():
            return _not_yet_written(end, written)
        # Some turns end with a token that the tokenizer does not list by name, such as `<|call|>`.
        return "" if self._ends_with_special(written) else eos

    def _ends_with_special(self, text: str) -> bool:
        stripped = text.rstrip()
        added = self.tokenizer.added_tokens_decoder.values()
        return any(token.special and stripped.endswith(token.content) for token in added)

    def of_messages(self, example: Example) -> tuple[Tokens, tuple[str, str]] | None:
        """What TRL trains on, given messages as `prompt` and `completion`, and the texts that it divides.

        `None` if the template refuses them.
        """
        prompt = as_messages(example.prompt or "")
        try:
            before = self._rendered(prompt, example.tools, add_generation_prompt=True)
            whole = self._rendered([*prompt, answer_of(example)], example.tools)
        except Exception:  # templates may raise any error
            return None
        return _divided(self._ids(before), self._ids(whole)), (before, whole)

    def of_texts(self, example: Example) -> tuple[Tokens, tuple[str, str]]:
        """What TRL trains on, given texts as `prompt` and `completion`, and the texts that it divides."""
        shown, text, end = self.texts(example)
        texts = (shown, shown + text + end)
        before, whole = (self.tokenizer(part)["input_ids"] for part in texts)
        return _divided(before, whole), texts

    def _rendered(
        self, messages: Sequence[Message], tools: Tools | None, add_generation_prompt: bool = False
    ) -> str:
        return self.tokenizer.apply_chat_template(
            list(messages),
            tools=list(tools) if tools else None,
            tokenize=False,
            add_generation_prompt=add_generation_prompt,
            **self.switches,
        )

    def _ids_of_end(self, text: str, end: str) -> list[int]:
        """Ids of the end of a turn. Some tokenizers put a space in front of an end that stands alone."""
        text = text[-_NEAR:]
        alone, whole = self._ids(text), self._ids(text + end)
        return whole[len(alone) :] if whole[: len(alone)] == alone else self._ids(end)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]


def answer_of(example: Example) -> Message:
    """The response as a message."""
    return example.message or {"role": "assistant", "content": example.response}


def _not_yet_written(end: str, written: str) -> str:
    """The end of a turn, or what is left of it behind a response that was stored with its end.

    >>> [_not_yet_written("<|end|>\\n", text) for text in ("5.", "5.<|end|>", "5.<|end|>\\n")]
    ['<|end|>\\n', '\\n', '']
    >>> _not_yet_written("<|end|>\\n<eos>", "5.<|end|>\\n")
    '<eos>'
    """
    for mark in marks_of_end(end):
        if written.rstrip().endswith(mark):
            left = end.partition(mark)[2]
            return left if written.endswith(mark) else left.lstrip()
    return end


def _divided(before: Sequence[int], whole: Sequence[int]) -> Tokens:
    """Divide ids as TRL does: a completion begins where the ids of prompt and whole text differ."""
    same = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, whole, strict=False)))
    return Tokens(whole[:same], whole[same:])
