"""Hidden states to logits, only for scored positions and in pieces that fit into memory.

A model's own forward pass projects every position onto the vocabulary. For 16K tokens and a vocabulary of
152K, that is 10 GB in float32. Here, the forward pass stops at the output layer. Only scored positions go
through that layer, one piece at a time.
"""

import inspect
import logging
from collections.abc import Iterator
from typing import Any

import torch
from transformers import PreTrainedModel

from local_naturalness.student.mamba_scans import Scans

logger = logging.getLogger(__name__)

# Names under which models return, and accept, their cache.
_CACHES = ("cache", "past_key_values", "cache_params", "state")
# A cache with its name.
NamedCache = tuple[str, Any]

# Bytes of float32 logits that exist at the same time.
PIECE_BYTES = 128 * 2**20
_LONGEST_REASON = 200  # characters


class Projection:
    """The part of a causal language model behind its last hidden state.

    What follows the output layer (scaling, soft-capping) is read from the configuration. The result is
    compared once with the model's own logits. If they differ, the whole forward pass of the model is used.

    Args:
        model: twin of a causal language model.
        is_separable: result of an earlier comparison. `None` compares now.
    """

    def __init__(self, model: PreTrainedModel, is_separable: bool | None = None):
        self.model = model
        self._scans = Scans(model)
        self._layer: Any = model.get_output_embeddings()
        self._parameters = inspect.signature(model.forward).parameters
        self.takes_cache_position = "cache_position" in self._parameters
        config = model.config.get_text_config()
        self.vocabulary: int = getattr(config, "vocab_size", None) or self._layer.weight.shape[0]
        self._softcap = getattr(config, "final_logit_softcapping", None)
        multiplier = getattr(config, "logit_scale", None) or getattr(config, "lm_head_multiplier", None)
        self._scale = multiplier or 1 / (getattr(config, "logits_scaling", None) or 1)
        if is_separable is not None:
            self.is_separable = is_separable
            return
        own = self._own_logits()
        self.is_separable = hasattr(self._layer, "weight") and self._agrees(own)
        if not self.is_separable:
            logger.info(
                "%s changes its logits after the output layer in an unknown way, so its own forward pass "
                "is used. It needs memory for the logits of all tokens in a batch.",
                type(model).__name__,
            )

    def states(self, **inputs: torch.Tensor) -> torch.Tensor:
        """Run the model up to its output layer: `[batch, length, hidden]`, or its logits (see the class)."""
        return self._run(use_cache=False, **inputs)[0]

    def states_and_cache(
        self,
        cache: NamedCache | None = None,
        position_ids: torch.Tensor | None = None,
        **inputs: torch.Tensor,
    ) -> tuple[torch.Tensor, NamedCache]:
        """Run the model and return its cache, to continue the text later.

        Args:
            cache: cache from an earlier call, to continue from. It must not be used again.
            position_ids: positions. Left out if the model has no such argument.
            inputs: other inputs of the model.

        Returns:
            States as in `states`, and the cache with the name of the argument for it.
        """
        if cache is not None:
            inputs[cache[0]] = cache[1]
        if position_ids is not None and "position_ids" in self._parameters:
            inputs["position_ids"] = position_ids
        states, output = self._run(use_cache=True, **inputs)
        name = next((name for name in _CACHES if getattr(output, name, None) is not None), None)
        if name is None:
            raise TypeError(f"{type(self.model).__name__} returns no cache")
        taken = next((name for name in _CACHES if name in self._parameters), name)
        return states, (taken, getattr(output, name))

    def pieces(self, states: torch.Tensor) -> Iterator[tuple[slice, torch.Tensor]]:
        """Logits of chosen positions.

        Args:
            states: `[positions, hidden]`, rows of the result of `states`.

        Yields:
            Slices of the positions and their `[positions, vocabulary]` logits in float32.
        """
        size = max(1, PIECE_BYTES // (4 * self.vocabulary))
        for start in range(0, len(states), size):
            piece = slice(start, start + size)
            yield piece, self._logits(states[piece]) if self.is_separable else states[piece].float()

    def _run(self, **inputs: Any) -> tuple[torch.Tensor, Any]:
        """States (or logits, see the class), and the whole output of the model."""
        self._scans.prepare(inputs["input_ids"].shape[1])
        if not self.is_separable:
            output = self.model(**inputs)
            return output.logits, output
        return self._hidden(**inputs)

    def _hidden(self, **inputs: Any) -> tuple[torch.Tensor, Any]:
        """Input of the output layer, whatever layers the model has before it."""
        seen = []

        def keep_one_position(_: Any, arguments: tuple[torch.Tensor, ...]) -> tuple[torch.Tensor, ...]:
            seen.append(arguments[0])
            return (arguments[0][:, :1], *arguments[1:])

        handle = self._layer.register_forward_pre_hook(keep_one_position)
        try:
            output = self.model(**inputs)
        finally:
            handle.remove()
        return seen[0], output

    def _logits(self, hidden: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._layer(hidden.to(self._layer.weight.device))
        if self._scale != 1:
            logits = logits * self._scale
        if self._softcap:
            logits = torch.tanh(logits / self._softcap) * self._softcap
        return logits.float()

    def _own_logits(self) -> torch.Tensor:
        """The model's own logits on a short text of arbitrary tokens, `[tokens, vocabulary]`.

        Raises:
            ValueError: the model does not predict tokens from tokens.
        """
        ids = _short_text(self)
        try:
            logits: torch.Tensor = self.model(input_ids=ids, use_cache=False).logits
        except Exception as error:  # models of all kinds raise all kinds of errors
            if isinstance(error, MemoryError | torch.OutOfMemoryError) or "memory" in str(error).lower():
                raise
            reason = " ".join(f"{type(error).__name__}: {error}".split())[:_LONGEST_REASON]
            raise ValueError(
                f"{type(self.model).__name__} cannot continue a text from its tokens alone ({reason}). A "
                "student is a causal language model, such as LlamaForCausalLM."
            ) from error
        if logits.shape[:2] != ids.shape:
            raise ValueError(
                f"{type(self.model).__name__} predicts no token for each token of a text: its logits are "
                f"{tuple(logits.shape)} for {ids.shape[1]} tokens. A student is a causal language model, "
                "such as LlamaForCausalLM."
            )
        return logits[0].float()

    def _agrees(self, own: torch.Tensor) -> bool:
        """Compare with the model's own logits."""
        tolerance = 1e-4 if self.model.dtype == torch.float32 else 1e-2
        hidden, _ = self._hidden(input_ids=_short_text(self), use_cache=False)
        return torch.allclose(self._logits(hidden[0]), own, atol=tolerance, rtol=tolerance)


def _short_text(student: Projection) -> torch.Tensor:
    return torch.arange(1, 9, device=student.model.device)[None] % student.vocabulary
