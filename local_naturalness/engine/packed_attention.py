"""Attention over a pack: every window sees only its prompt and itself.

The model runs its own layers on one long sequence. During the pass, only its attention function is replaced.
The replacement gathers queries, keys and values of similar windows into a padded batch. Then it calls the
function that the model would have called, with a mask.
"""

import sys
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np
import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import AttentionInterface
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

from local_naturalness.engine.attention_tiles import Tile, tile_groups
from local_naturalness.engine.packing import Pack
from local_naturalness.engine.padded import on
from local_naturalness.engine.projection import Projection

_NAME = "local_naturalness_packed"
# Attention functions that take a mask of any shape.
SUPPORTED = ("sdpa", "eager")
# Prefixes of attention functions that do not.
_KERNELS = ("flash_attention", "flex_attention", "paged|", "kernels-community/")
# Query-key pairs that are computed at the same time. Each takes four bytes per head in float32.
_ATTENTION_CELLS = 2**22
# Arguments of attention functions that plain scaled dot products do not have.
_BEYOND_SDPA = ("softcap", "position_bias", "s_aux")


class _Group:
    """Tiles of similar size as one padded batch: places of tokens, and which tokens see each other."""

    def __init__(self, tiles: Sequence[Tile], device: torch.device):
        queries = max(tile.length for tile in tiles)
        keys = max(tile.visible for tile in tiles)
        query_index = np.zeros((len(tiles), queries), dtype=np.int64)
        query_position = np.zeros((len(tiles), queries), dtype=np.int64)
        key_index = np.zeros((len(tiles), keys), dtype=np.int64)
        # Padding keys come after every query, so the causal mask hides them.
        key_position = np.full((len(tiles), keys), np.iinfo(np.int32).max, dtype=np.int64)
        flat = []
        for row, tile in enumerate(tiles):
            query_index[row, : tile.length] = np.arange(tile.start, tile.end)
            query_position[row, : tile.length] = np.arange(tile.visible - tile.length, tile.visible)
            key_index[row, : tile.before] = np.arange(tile.prompt, tile.prompt_end)
            key_index[row, tile.before : tile.visible] = np.arange(tile.begin, tile.end)
            key_position[row, : tile.visible] = np.arange(tile.visible)
            flat.append(row * queries + np.arange(tile.length))
        self.shape = (len(tiles), queries, keys)
        self.query_index = torch.from_numpy(query_index).flatten().to(device)
        self.key_index = torch.from_numpy(key_index).flatten().to(device)
        self.valid = torch.from_numpy(np.concatenate(flat)).to(device)
        self.target = self.query_index[self.valid]
        self._query_position = torch.from_numpy(query_position).to(device)
        self._key_position = torch.from_numpy(key_position).to(device)
        self._masks: dict[int | None, torch.Tensor] = {}

    def mask(self, sliding_window: int | None, dtype: torch.dtype) -> torch.Tensor:
        """`[tiles, 1, queries, keys]`: 0 where a query sees a key, the lowest number where it does not."""
        if sliding_window not in self._masks:
            distance = self._query_position[:, :, None] - self._key_position[:, None, :]
            visible = distance >= 0
            if sliding_window is not None:
                visible &= distance < sliding_window
            # Additive, because attention would convert a boolean mask into this form again in every layer.
            mask = torch.full(visible.shape, torch.finfo(dtype).min, dtype=dtype, device=visible.device)
            self._masks[sliding_window] = mask.masked_fill_(visible, 0.0)[:, None]
        return self._masks[sliding_window]


class PackedAttention:
    """The attention function of one pass, see the docstring of the module.

    Args:
        groups: groups of tiles. Attention of each group is computed as one batch.
        implementation: name of the attention function that the model would have called.
        device: device of the model.
    """

    def __init__(self, groups: Sequence[Sequence[Tile]], implementation: str, device: torch.device):
        self._groups = [_Group(tiles, device) for tiles in groups]
        self._implementation = implementation

    def __call__(
        self,
        module: torch.nn.Module,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        **kwargs: Any,
    ) -> torch.Tensor:
        """Compute attention.

        Args:
            query, key, value: `[1, heads, tokens, size]`. Keys and values may have fewer heads.

        Returns:
            `[1, tokens, heads, size]`.
        """
        attend = self._attention_of(module, query.device)
        attended = value.new_empty(query.shape[2], query.shape[1], value.shape[3])
        for group in self._groups:
            rows, queries, keys = group.shape
            output, _ = attend(
                module,
                _gather(query, group.query_index, rows, queries),
                _gather(key, group.key_index, rows, keys),
                _gather(value, group.key_index, rows, keys),
                group.mask(kwargs.get("sliding_window"), query.dtype),
                **kwargs,
            )
            attended[group.target] = output.flatten(0, 1)[group.valid]
        return attended[None]

    def _attention_of(self, module: torch.nn.Module, device: torch.device) -> Any:
        """The function that the model would have called: a registered one, or `eager` of its own module."""
        if self._implementation == "eager":
            return sys.modules[type(module).__module__].eager_attention_forward
        if self._implementation == "sdpa" and device.type == "cpu":
            return _sdpa_on_cpu
        return ALL_ATTENTION_FUNCTIONS[self._implementation]


def _sdpa_on_cpu(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    scaling: float | None = None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """The same as in transformers, but without copying keys that several heads share.

    With a mask, only the CPU kernel works without the copies.
    """
    if any(kwargs.get(name) is not None for name in _BEYOND_SDPA):
        return ALL_ATTENTION_FUNCTIONS["sdpa"](
            module, query, key, value, attention_mask, scaling=scaling, **kwargs
        )
    shared = query.shape[1] != key.shape[1]
    output = scaled_dot_product_attention(
        query, key, value, attn_mask=attention_mask, scale=scaling, enable_gqa=shared
    )
    return output.transpose(1, 2), None


def _gather(states: torch.Tensor, index: torch.Tensor, rows: int, length: int) -> torch.Tensor:
    """`[1, heads, tokens, size]` to `[rows, heads, length, size]`."""
    gathered = states[0].transpose(0, 1).index_select(0, index)
    return gathered.view(rows, length, *gathered.shape[1:]).transpose(1, 2)


class NotPackableError(Exception):
    """A layer attends in a way that packing cannot reproduce."""


def blind_attention(
    module: torch.nn.Module, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, **kwargs: Any
) -> torch.Tensor:
    """Attention in which no token sees another. If tokens still affect each other, they do so elsewhere."""
    return value.new_zeros(query.shape[0], query.shape[2], query.shape[1], value.shape[3])


# The attention function of the pass that runs in this thread.
_running: ContextVar[Callable[..., torch.Tensor]] = ContextVar("running")


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    if attention_mask is not None:
        raise NotPackableError(f"{type(module).__name__} decides by itself what a token sees")
    return _running.get()(module, query, key, value, **kwargs), None


AttentionInterface.register(_NAME, _attend)


def packed_states(student: Projection, pack: Pack, max_cells: int = _ATTENTION_CELLS) -> torch.Tensor:
    """States that predict the scored tokens of a pack, `[scored tokens, hidden]`, window by window."""
    device = student.model.device
    attention = PackedAttention(tile_groups(pack.segments, max_cells), attention_name(student.model), device)
    states = run_with(
        attention, student, np.concatenate(pack.parts)[None], np.concatenate(pack.positions)[None]
    )
    return states[0, on(states, np.concatenate(pack.sources))]


def run_with(
    attention: Callable[..., torch.Tensor], student: Projection, ids: np.ndarray, positions: np.ndarray
) -> torch.Tensor:
    """Run a twin of a model with another attention function, and restore its configuration afterwards."""
    device = student.model.device
    configs = _configs(student.model)
    before = [config._attn_implementation_internal for config in configs]
    token = _running.set(attention)
    try:
        for config in configs:
            config._attn_implementation_internal = _NAME
        places = torch.from_numpy(positions).to(device)
        # Models of older versions of transformers take the positions a second time, as `cache_position`.
        second = {"cache_position": places[0]} if student.takes_cache_position else {}
        return student.states(input_ids=torch.from_numpy(ids).to(device), position_ids=places, **second)
    finally:
        _running.reset(token)
        for config, implementation in zip(configs, before, strict=True):
            config._attn_implementation_internal = implementation


def attention_name(model: Any) -> str:
    """Name of the attention function of a model's text part."""
    return str(model.config.get_text_config()._attn_implementation)


def attend_plainly(twin: Any) -> None:
    """Make a twin use torch's own attention instead of a kernel that takes no masks of other shapes."""
    plain = "sdpa" if getattr(twin, "_supports_sdpa", False) else "eager"
    for config in _configs(twin):
        if (config._attn_implementation or "").startswith(_KERNELS):
            config._attn_implementation_internal = plain


def _configs(model: torch.nn.Module) -> list[Any]:
    """All configurations of the modules of a model, each once."""
    found = {id(module.config): module.config for module in model.modules() if hasattr(module, "config")}
    return [config for config in found.values() if hasattr(config, "_attn_implementation_internal")]
