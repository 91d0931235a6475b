"""Hidden states to logits, for chosen positions only and in pieces that fit into memory.

A model's own forward pass projects every position onto the vocabulary: 10 GB in float32 for 16K tokens of
a 152K vocabulary. Here the forward pass is cut at the output layer, and only scored positions go through
it, a piece at a time.
"""

import logging
from collections.abc import Iterator
from typing import Any

import torch
from transformers import PreTrainedModel

logger = logging.getLogger(__name__)

# Bytes of float32 logits that exist at the same time.
PIECE_BYTES = 128 * 2**20


class Projection:
    """The part of a causal language model behind its last hidden state.

    What follows the output layer (scaling, soft-capping) is read from the configuration and compared once
    with the model's own logits; a model that does something else runs its own forward pass whole.

    Args:
        model: twin of a causal language model.
        is_separable: what an earlier comparison found; `None` compares.
    """

    def __init__(self, model: PreTrainedModel, is_separable: bool | None = None):
        self.model = model
        self._layer = model.get_output_embeddings()
        config = model.config.get_text_config()
        self._softcap = getattr(config, "final_logit_softcapping", None)
        multiplier = getattr(config, "logit_scale", None) or getattr(config, "lm_head_multiplier", None)
        self._scale = multiplier or 1 / (getattr(config, "logits_scaling", None) or 1)
        if is_separable is not None:
            self.is_separable = is_separable
            return
        self.is_separable = self._layer is not None and self._agrees()
        if not self.is_separable:
            logger.info(
                "%s does more behind its output layer than scoring knows of: its own forward pass is used, "
                "which needs memory for the logits of all tokens of a batch.",
                type(model).__name__,
            )

    def states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Run the model up to its output layer: `[batch, length, hidden]` (or its logits, see the class)."""
        return self._hidden(**inputs) if self.is_separable else self._forward(**inputs)

    def pieces(self, states: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
        """Logits of chosen positions.

        Args:
            states: `[positions, hidden]`, rows of what `states` returned.

        Yields:
            Slices of the positions and their `[positions, vocabulary]` logits in float32.
        """
        size = max(1, PIECE_BYTES // (4 * self.model.config.get_text_config().vocab_size))
        for start in range(0, len(states), size):
            piece = slice(start, start + size)
            yield piece, self._logits(states[piece]) if self.is_separable else states[piece].float()

    def _forward(self, **inputs: torch.Tensor) -> torch.Tensor:
        return self.model(**inputs, use_cache=False).logits

    def _hidden(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Input of the output layer: what the model computes, whatever stands before that layer."""
        seen = []

        def keep_one_position(_: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            seen.append(arguments[0])
            return (arguments[0][:, :1], *arguments[1:])

        handle = self._layer.register_forward_pre_hook(keep_one_position)
        try:
            self._forward(**inputs)
        finally:
            handle.remove()
        return seen[0]

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        logits = self._layer(hidden.to(self._layer.weight.device))
        if self._scale != 1:
            logits = logits * self._scale
        if self._softcap:
            logits = torch.tanh(logits / self._softcap) * self._softcap
        return logits.float()

    def _agrees(self) -> bool:
        """Compare with the model's own logits on a short text of arbitrary tokens."""
        config = self.model.config.get_text_config()
        ids = torch.arange(1, 9, device=self.model.device)[None] % config.vocab_size
        own = self._forward(input_ids=ids)[0].float()
        tolerance = 1e-4 if self.model.dtype == torch.float32 else 1e-2
        return torch.allclose(
            self._logits(self._hidden(input_ids=ids)[0]), own, atol=tolerance, rtol=tolerance
        )
