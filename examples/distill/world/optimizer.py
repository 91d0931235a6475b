"""Muon for the matrices of the layers and AdamW for the rest, as one optimizer that `Trainer` takes."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import AdamW, Muon, Optimizer

# Muon's updates have a fixed size for each matrix, so its rate is no rate of AdamW.
RATE_OF_MUON = 5


class MuonWithAdamW(Optimizer):
    """Takes a step of both; Muon is made for matrices that map activations, not for embeddings and norms.

    Args:
        model: Whose embeddings are named `embed_tokens`.
        learning_rate: Of AdamW; Muon's is `RATE_OF_MUON` times as high.
        weight_decay: Of both.
        betas: Of AdamW.
    """

    def __init__(
        self, model: nn.Module, learning_rate: float, weight_decay: float, betas: tuple[float, float]
    ) -> None:
        matrices, others = [], []
        for name, parameter in model.named_parameters():
            (matrices if parameter.ndim == 2 and "embed_tokens" not in name else others).append(parameter)
        self.parts = (
            Muon(matrices, lr=RATE_OF_MUON * learning_rate, weight_decay=weight_decay),
            AdamW(others, lr=learning_rate, weight_decay=weight_decay, betas=betas),
        )
        # The same dictionaries, so that a schedule set on this optimizer reaches both.
        super().__init__([group for part in self.parts for group in part.param_groups], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> None:
        for part in self.parts:
            part.step()
