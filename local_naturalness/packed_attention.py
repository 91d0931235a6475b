"""Attention over a pack: every window sees its prompt and itself, nothing else.

The model runs its own layers on one long sequence; only its attention function is replaced for the time
of the pass. That function gathers queries, keys and values of similar windows into a padded batch and
calls the function that the model would have called, with a mask.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from local_naturalness.packing import Segment

_NAME = "local_naturalness_packed"
# Attention functions that take a mask of any shape.
SUPPORTED = ("sdpa", "eager")


class _Group:
    """Segments of similar size as one padded batch: where their tokens stand, and who sees whom."""

    def __init__(self, segments: Sequence[Segment], device: torch.device):
        queries = max(segment.length for segment in segments)
        keys = max(segment.visible for segment in segments)
        query_index = np.zeros((len(segments), queries), dtype=np.int64)
        query_position = np.zeros((len(segments), queries), dtype=np.int64)
        key_index = np.zeros((len(segments), keys), dtype=np.int64)
        # Padding keys stand behind every query, where a causal mask hides them.
        key_position = np.full((len(segments), keys), np.iinfo(np.int32).max, dtype=np.int64)
        flat = []
        for row, segment in enumerate(segments):
            before = segment.prompt_end - segment.prompt
            query_index[row, : segment.length] = np.arange(segment.start, segment.end)
            query_position[row, : segment.length] = before + np.arange(segment.length)
            key_index[row, :before] = np.arange(segment.prompt, segment.prompt_end)
            key_index[row, before : segment.visible] = np.arange(segment.start, segment.end)
            key_position[row, : segment.visible] = np.arange(segment.visible)
            flat.append(row * queries + np.arange(segment.length))
        self.shape = (len(segments), queries, keys)
        self.query_index = torch.from_numpy(query_index).flatten().to(device)
        self.key_index = torch.from_numpy(key_index).flatten().to(device)
        self.valid = torch.from_numpy(np.concatenate(flat)).to(device)
        self.target = self.query_index[self.valid]
        self._query_position = torch.from_numpy(query_position).to(device)
        self._key_position = torch.from_numpy(key_position).to(device)
        self._masks: dict[Any, torch.Tensor] = {}

    def mask(self, sliding_window: int | None, dtype: torch.dtype | None) -> torch.Tensor:
        """`[segments, 1, queries, keys]`: true where a query sees a key; additive where `dtype` is given."""
        key = (sliding_window, dtype)
        if key not in self._masks:
            distance = self._query_position[:, :, None] - self._key_position[:, None, :]
            visible = distance >= 0
            if sliding_window is not None:
                visible &= distance < sliding_window
            if dtype is not None:
                hidden = torch.full(visible.shape, torch.finfo(dtype).min, dtype=dtype, device=visible.device)
                visible = hidden.masked_fill(visible, 0.0)
            self._masks[key] = visible[:, None]
        return self._masks[key]


class PackedAttention:
    """The attention function of one pass, see the module."""

    def __init__(self, groups: Sequence[Sequence[Segment]], implementation: str, device: torch.device):
        self._groups = [_Group(segments, device) for segments in groups]
        self._implementation = implementation

    def __call__(
        self,
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        **kwargs: Any,
    ) -> torch.Tensor:
        """Attend.

        Args:
            query, key, value: `[1, heads, tokens, size]`; keys and values may have fewer heads.

        Returns:
            `[1, tokens, heads, size]`.
        """
        attend = self._attention_of(module)
        additive = query.dtype if self._implementation == "eager" else None
        attended = value.new_empty(query.shape[2], query.shape[1], value.shape[3])
        for group in self._groups:
            rows, queries, keys = group.shape
            output, _ = attend(
                module,
                _gather(query, group.query_index, rows, queries),
                _gather(key, group.key_index, rows, keys),
                _gather(value, group.key_index, rows, keys),
                group.mask(kwargs.get("sliding_window"), additive),
                **kwargs,
            )
            attended[group.target] = output.flatten(0, 1)[group.valid]
        return attended[None]

    def _attention_of(self, module: torch.nn.Module) -> Any:
        """What the model would have called: a registered function, or `eager` of its own module."""
        if self._implementation == "eager":
            return sys.modules[type(module).__module__].eager_attention_forward
        return ALL_ATTENTION_FUNCTIONS[self._implementation]


def _gather(states: torch.Tensor, index: torch.Tensor, rows: int, length: int) -> torch.Tensor:
    """`[1, heads, tokens, size]` to `[rows, heads, length, size]`."""
    gathered = states[0].transpose(0, 1).index_select(0, index)
    return gathered.view(rows, length, *gathered.shape[1:]).transpose(1, 2)


_running: list[PackedAttention] = []


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    return _running[-1](module, query, key, value, **kwargs), None


AttentionInterface.register(_NAME, _attend)


@contextmanager
def attending_with(attention: PackedAttention, model: torch.nn.Module) -> Iterator[None]:
    """Let a model attend by `attention`; afterwards it is configured as before."""
    configs = {
        id(module.config): module.config for module in model.modules() if hasattr(module, "config")
    }.values()
    before = [config._attn_implementation_internal for config in configs]
    _running.append(attention)
    try:
        for config in configs:
            config._attn_implementation_internal = _NAME
        yield
    finally:
        _running.pop()
        for config, implementation in zip(configs, before, strict=True):
            config._attn_implementation_internal = implementation
