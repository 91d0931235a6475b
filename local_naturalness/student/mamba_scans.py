"""Mamba-2 layers on a CPU, with chunks that fit the length of windows.

Torch's own code pads each row to a multiple of the chunk (256 tokens mostly) and needs memory for every pair
of tokens in a chunk, for each head and state. Windows are shorter. What is computed does not depend on the
chunk.
"""

from collections.abc import Iterator
from typing import Any

import torch

_SHORT_CHUNK = 64
# Of longer rows the states of all pairs of chunks would need more memory than the chunks.
_LONGEST_ROW = 4_096


class Scans:
    """The Mamba-2 layers of a twin on a CPU."""

    def __init__(self, twin: torch.nn.Module):
        self._layers = [(layer, layer.chunk_size) for layer in scan_layers(twin)]

    def prepare(self, row: int) -> None:
        """Set the chunk that suits rows of so many tokens."""
        for layer, chunk in self._layers:
            layer.chunk_size = min(chunk, _SHORT_CHUNK) if row <= _LONGEST_ROW else chunk


def scan_layers(model: torch.nn.Module) -> Iterator[Any]:
    """Mamba-2 layers that are not on a GPU, whose kernels have chunks of their own."""
    for module in model.modules():
        if hasattr(module, "ssm_state_size") and hasattr(module, "chunk_size"):
            if next(module.parameters()).device.type in ("cpu", "meta"):
                yield module


def scan_bytes_per_token(model: torch.nn.Module) -> int:
    """Memory of a token in the largest Mamba-2 layer on a CPU, 0 where there is none."""
    # Products of inputs and outputs of the layer, of each token with each other of its chunk.
    needed = (
        4 * min(layer.chunk_size, _SHORT_CHUNK) * layer.num_heads * layer.ssm_state_size
        for layer in scan_layers(model)
    )
    return max(needed, default=0)
