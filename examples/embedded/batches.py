"""Texts to padded batches of about equal token counts."""

from collections.abc import Iterator
from itertools import islice
from random import Random

import torch
from transformers import PreTrainedTokenizerBase

IGNORED_LABEL = -100
POOL_SIZE = 1024

Batch = dict[str, torch.Tensor]


def batches(
    texts: Iterator[str],
    tokenizer: PreTrainedTokenizerBase,
    tokens_per_batch: int,
    rng: Random,
) -> Iterator[Batch]:
    """Texts of similar length share a batch, since padding would waste most of a mixed one."""
    while True:
        encoded = tokenizer(
            list(islice(texts, POOL_SIZE)),
            add_special_tokens=False,
            truncation=True,
            return_attention_mask=False,
        ).input_ids
        groups = _groups(sorted(encoded, key=len), tokens_per_batch)
        rng.shuffle(groups)
        for group in groups:
            yield _padded(group, tokenizer.pad_token_id)


def _groups(rows: list[list[int]], tokens_per_batch: int) -> list[list[list[int]]]:
    groups: list[list[list[int]]] = [[]]
    for row in rows:
        if len(row) * (len(groups[-1]) + 1) > tokens_per_batch and groups[-1]:
            groups.append([])
        groups[-1].append(row)
    return groups


def _padded(rows: list[list[int]], padding: int) -> Batch:
    width = max(map(len, rows))

    def filled(value: int) -> torch.Tensor:
        return torch.tensor([row + [value] * (width - len(row)) for row in rows])

    # No attention mask: padding stands on the right, where causal attention never looks.
    return {"input_ids": filled(padding), "labels": filled(IGNORED_LABEL)}
