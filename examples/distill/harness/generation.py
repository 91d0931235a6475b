"""Greedy answers of a model to many prompts."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase


@torch.inference_mode()
def answers_to(
    prompts: Sequence[str],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    batch_size: int = 64,
    **settings: Any,
) -> list[str]:
    """Answer each prompt with the most likely continuation.

    Args:
        prompts: User messages; with a tokenizer without chat template, texts that a line break follows.
        model: Is left in evaluation mode.
        tokenizer: Pads on the left for the call.
        batch_size: Prompts at a time.
        settings: Further arguments of `generate`, such as `max_new_tokens`.
    """
    model.eval()
    openings = [opening_of(prompt, tokenizer) for prompt in prompts]
    # Prompts of similar length go together, which spares padding.
    order = sorted(range(len(openings)), key=lambda place: len(openings[place]))
    answers = [""] * len(openings)
    for start in range(0, len(order), batch_size):
        places = order[start : start + batch_size]
        batch = tokenizer(
            [openings[place] for place in places],
            add_special_tokens=not tokenizer.chat_template,
            return_tensors="pt",
            return_token_type_ids=False,
            padding=True,
            padding_side="left",
        ).to(model.device)
        found = model.generate(**batch, **{"do_sample": False, **settings})
        texts = tokenizer.batch_decode(found[:, batch.input_ids.shape[1] :], skip_special_tokens=True)
        for place, text in zip(places, texts, strict=True):
            answers[place] = text
    return answers


def opening_of(prompt: str, tokenizer: PreTrainedTokenizerBase) -> str:
    """What the model continues: the prompt as the scorers render it."""
    if not tokenizer.chat_template:
        return prompt + "\n"
    turns = [{"role": "user", "content": prompt}]
    return tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
