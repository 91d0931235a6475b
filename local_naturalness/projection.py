"""Hidden states to logits, for chosen positions only and in pieces that fit into memory.

A model's own forward pass projects every position onto the vocabulary: 10 GB in float32 for 16K tokens of
a 152K vocabulary. Here the forward pass is cut at the output layer, and only scored positions go through
it, a piece at a time.
"""

import logging
from collections.abc import Iterator
from typing import Any

import torch

logger = logging.getLogger(__name__)

# Bytes of float32 logits that exist at the same time.
_PIECE_BYTES = 128 * 2**20


class Projection:
    """The part of a causal language model behind its last hidden state.

    What follows the output layer (scaling, soft-capping) is read from the configuration and compared once
    with the model's own logits; a model that does something else runs its own forward pass whole.
    """

    def __init__(self, model: Any):
        self._model = model
        self._layer = model.get_output_embeddings()
        config = model.config.get_text_config()
        self._softcap = getattr(config, "final_logit_softcapping", None)
        multiplier = getattr(config, "logit_scale", None) or getattr(config, "lm_head_multiplier", None)
        self._scale = multiplier or 1 / (getattr(config, "logits_scaling", None) or 1)
        self.is_separable = self._layer is not None and self._agrees()
        if not self.is_separable:
            logger.info(
                "%s does more behind its output layer than scoring knows of: its own forward pass is used, "
                "which needs memory for the logits of all tokens of a batch.",
                type(model).__name__,
            )

    def pieces(
        self, ids: torch.Tensor, rows: torch.Tensor, columns: torch.Tensor
    ) -> Iterator[tuple[slice, torch.Tensor]]:
        """Logits that predict what follows chosen positions of a batch.

        Args:
            ids: `[batch, length]` token ids, padded on the right.
            rows, columns: positions, in the order in which logits are wanted.

        Yields:
            Slices of the positions and their `[positions, vocabulary]` logits in float32.
        """
        if self.is_separable:
            hidden = self._hidden(ids)[rows, columns]
        else:
            hidden = self._forward(ids)[rows, columns]
        size = max(1, _PIECE_BYTES // (4 * self._model.config.get_text_config().vocab_size))
        for start in range(0, len(hidden), size):
            piece = slice(start, start + size)
            yield piece, self._logits(hidden[piece]) if self.is_separable else hidden[piece].float()

    def _forward(self, ids: torch.Tensor) -> torch.Tensor:
        # No attention mask: padding stands on the right, where a causal model never looks.
        return self._model(input_ids=ids, use_cache=False).logits

    def _hidden(self, ids: torch.Tensor) -> torch.Tensor:
        """Input of the output layer: what the model computes, whatever stands before that layer."""
        seen = []

        def keep_one_position(_: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            seen.append(arguments[0])
            return (arguments[0][:, :1], *arguments[1:])

        handle = self._layer.register_forward_pre_hook(keep_one_position)
        try:
            self._forward(ids)
        finally:
            handle.remove()
        return seen[0]

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        logits = self._layer(hidden.to(self._layer.weight.device)) * self._scale
        if self._softcap:
            logits = torch.tanh(logits / self._softcap) * self._softcap
        return logits.float()

    def _agrees(self) -> bool:
        """Compare with the model's own logits on a short text of arbitrary tokens."""
        config = self._model.config.get_text_config()
        ids = torch.arange(1, 9, device=self._model.device)[None] % config.vocab_size
        own = self._forward(ids)[0].float()
        tolerance = 1e-4 if own.dtype == torch.float32 else 1e-2
        return torch.allclose(self._logits(self._hidden(ids)[0]), own, atol=tolerance, rtol=tolerance)
