"""One row as tokens and steps, or the reason why it cannot be scored."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.encoding.examples import Example, Turn
from local_naturalness.encoding.tokenization import (
    EncodedPrompt,
    PromptEncoder,
    encode_response,
    step_token_ranges,
)
from local_naturalness.steps import Splitter, align_steps


@dataclass(frozen=True)
class EncodedExample:
    """Token ids of a row and its steps: `[start, end)` tokens and `[start, end)` characters.

    Steps tile the response, unless other turns of a conversation stand between them: those are context
    of the step that follows, which `begins` includes.
    """

    prompt: np.ndarray
    response: np.ndarray
    steps: list[tuple[int, int]]
    spans: list[tuple[int, int]]
    begins: list[int]

    @property
    def num_tokens(self) -> int:
        """Tokens that steps own."""
        return sum(end - start for start, end in self.steps)

    def owned(self, values: np.ndarray) -> np.ndarray:
        """Of values of all tokens, those that steps own."""
        return np.concatenate([values[start:end] for start, end in self.steps])

    @property
    def owned_steps(self) -> list[tuple[int, int]]:
        """The steps as ranges of what `owned` returns."""
        ends = np.cumsum([end - start for start, end in self.steps]).tolist()
        return list(zip([0, *ends[:-1]], ends, strict=True))


class ExampleEncoder:
    """Encode rows for one student; prompts that several teachers answered are encoded once."""

    def __init__(self, tokenizer: object, prompts: PromptEncoder, splitter: Splitter | None):
        self._tokenizer = tokenizer
        self._prompts = prompts
        self._splitter = splitter
        self._seen: dict[str, EncodedPrompt] = {}

    def encode(self, example: Example) -> EncodedExample | str:
        """Tokens and steps of a row, or the status code that says why there are none."""
        if example.response is None:
            return "missing_response"
        if example.prompt is None:
            return "missing_prompt"
        if not example.response.strip():
            return "empty_response"
        if has_lone_surrogate((example.response, example.prompt, example.turns)):
            return "lone_surrogate"
        if example.turns is not None:
            return self._encode_turns(example, example.turns)
        prompt = self._prompt(example)
        response = encode_response(self._tokenizer, example.response).without_repeated(
            prompt.open_think, example.response
        )
        if not len(response.ids):
            return "empty_response"
        steps, spans = step_token_ranges(response.starts, self._spans(example))
        return EncodedExample(prompt.ids, response.ids, steps, spans, [start for start, _ in steps])

    def _encode_turns(self, example: Example, turns: Sequence[Turn]) -> EncodedExample | str:
        """Each assistant turn a step; other turns between them as the template renders them."""
        prompt = self._prompt(example)
        parts: list[np.ndarray] = []
        steps, spans, begins = [], [], []
        begin = position = character = 0
        for index, turn in enumerate(turns):
            response = encode_response(self._tokenizer, turn.text)
            if index == 0:
                response = response.without_repeated(prompt.open_think, turn.text)
            else:
                parts.append(self._prompts.encode_between(example.prompt, turn.between))
                position += len(parts[-1])
            character += len(turn.text)
            if not len(response.ids):
                continue
            parts.append(response.ids)
            steps.append((position, position + len(response.ids)))
            spans.append((spans[-1][1] if spans else 0, character))
            begins.append(begin)
            begin = position = position + len(response.ids)
        if not steps:
            return "empty_response"
        # What follows the last turn that owns tokens is not part of the response.
        return EncodedExample(prompt.ids, np.concatenate(parts)[:begin], steps, spans, begins)

    def _prompt(self, example: Example) -> EncodedPrompt:
        key = json.dumps(example.prompt, default=str)
        if key not in self._seen:
            self._seen[key] = self._prompts.encode(example.prompt)
        return self._seen[key]

    def _spans(self, example: Example) -> list[tuple[int, int]]:
        if example.steps is not None:
            return align_steps(example.response, example.steps)
        if self._splitter is not None:
            return self._splitter.spans(example.response)
        return [(0, len(example.response))]


def has_lone_surrogate(value: object) -> bool:
    """Whether a text, or one somewhere in messages, holds half of a character, which no tokenizer reads.

    JSON can write one (`"\\ud83d"`), where an emoji was cut in two; Arrow cannot, so only rows that were
    passed directly have them.

    >>> has_lone_surrogate([{"role": "user", "content": "It is \\ud83d."}]), has_lone_surrogate("It is 😀.")
    (True, False)
    """
    match value:
        case str():
            try:
                value.encode()
            except UnicodeEncodeError:
                return True
            return False
        case Mapping():
            return any(map(has_lone_surrogate, value.values()))
        case Sequence() if not isinstance(value, bytes):
            return any(map(has_lone_surrogate, value))
        case Turn():
            return has_lone_surrogate((value.text, value.between))
    return False
