"""What the student reads: conversations, rendered by its own chat template, and drills."""

import re
from collections.abc import Iterator
from random import Random

from corpus import conversations
from drills import drill
from transformers import PreTrainedTokenizerBase

LATE_START_SHARE = 0.25
DRILLS_PER_CONVERSATION = 0.25


def training_texts(rng: Random, tokenizer: PreTrainedTokenizerBase) -> Iterator[str]:
    """Conversations, and some that start amid the answer, as the windows of local scores do."""
    for question, answer in conversations(rng):
        opening = tokenizer.apply_chat_template(
            [question],
            tokenize=False,
            add_generation_prompt=True,
        )
        response = answer["content"]
        if rng.random() < LATE_START_SHARE:
            response = rng.choice(_tails(response))
            opening = rng.choice([opening, tokenizer.eos_token])
        yield opening + response + tokenizer.eos_token
        if rng.random() < DRILLS_PER_CONVERSATION:
            yield tokenizer.eos_token + drill(rng) + tokenizer.eos_token


def _tails(response: str) -> list[str]:
    return [response[end.end() :] for end in re.finditer(r"[.?]\s+", response)] or [response]
