"""Greedy answers of a model to many prompts."""

from collections.abc import Sequence
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from harness.rendering import opening_of, stop_tokens


@torch.inference_mode()
def answers_to(
    prompts: Sequence[str],
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    *,
    batch_size: int = 64,
    max_new_tokens: int = 2048,
    **settings: Any,
) -> tuple[list[str], float]:
    """Answer each prompt with the most likely continuation.

    Args:
        prompts: User messages; with a tokenizer without chat template, texts that a line break follows.
        model: Is left in evaluation mode.
        tokenizer: Pads on the left for the call.
        batch_size: Prompts at a time.
        max_new_tokens: Of an answer.
        settings: Further arguments of `generate`.

    Returns:
        The answers, and the share of them that `max_new_tokens` cut off.
    """
    model.eval()
    openings = [opening_of(prompt, tokenizer) for prompt in prompts]
    # Prompts of similar length go together, which spares padding.
    order = sorted(range(len(openings)), key=lambda place: len(openings[place]))
    stops = stop_tokens(tokenizer, model.generation_config)
    answers, num_ended = [""] * len(openings), 0
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
        wanted = {
            "do_sample": False,
            "max_new_tokens": max_new_tokens,
            "eos_token_id": sorted(stops) or None,
            "pad_token_id": tokenizer.pad_token_id,
        }
        found = model.generate(**batch, **wanted | settings)[:, batch.input_ids.shape[1] :]
        num_ended += sum(not stops.isdisjoint(ids) for ids in found.tolist())
        texts = tokenizer.batch_decode(found, skip_special_tokens=True)
        for place, text in zip(places, texts, strict=True):
            answers[place] = text
    return answers, 1 - num_ended / max(len(answers), 1)
