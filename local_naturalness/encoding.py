"""One row as tokens and steps, or the reason why it cannot be scored."""

import json
from dataclasses import dataclass

import numpy as np

from local_naturalness.examples import Example
from local_naturalness.steps import Splitter, align_steps
from local_naturalness.tokenization import (
    EncodedPrompt,
    PromptEncoder,
    encode_response,
    step_token_ranges,
)


@dataclass(frozen=True)
class EncodedExample:
    """Token ids of a row and its steps: `[start, end)` tokens and `[start, end)` characters."""

    prompt: np.ndarray
    response: np.ndarray
    steps: list[tuple[int, int]]
    spans: list[tuple[int, int]]


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
        prompt = self._prompt(example)
        response = encode_response(self._tokenizer, example.response).without_repeated(
            prompt.open_think, example.response
        )
        if not len(response.ids):
            return "empty_response"
        steps, spans = step_token_ranges(response.starts, self._spans(example))
        return EncodedExample(prompt.ids, response.ids, steps, spans)

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
