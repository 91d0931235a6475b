"""Mamba-2 layers on a CPU, with chunks that fit the length of windows.

The torch code pads each row to a multiple of the chunk (mostly 256 tokens). It needs memory for every pair of
tokens in a chunk, for each head and state. Windows are shorter. The result does not depend on the size of the
chunk.
"""

from collections.abc import Iterator
from typing import Any

import torch

_SHORT_CHUNK = 64
# With longer rows, the states of all pairs of chunks would need more memory than the chunks.
_LONGEST_ROW = 4_096


class Scans:
    """The Mamba-2 layers of a twin on a CPU."""

    def __init__(self, twin: torch.nn.Module):
        self._layers = [(layer, layer.chunk_size) for layer in scan_layers(twin)]

    def prepare(self, row: int) -> None:
        """Set the size of the chunk for rows of a given number of tokens."""
        for layer, chunk in self._layers:
            layer.chunk_size = min(chunk, _SHORT_CHUNK) if row <= _LONGEST_ROW else chunk


def scan_layers(model: torch.nn.Module) -> Iterator[Any]:
    """Mamba-2 layers that are not on a GPU. Kernels for GPUs choose their own chunks."""
    for module in model.modules():
        if hasattr(module, "ssm_state_size") and hasattr(module, "chunk_size"):
            if next(module.parameters()).device.type in ("cpu", "meta"):
                yield module


def scan_bytes_per_token(model: torch.nn.Module) -> int:
    """Memory of a token in the largest Mamba-2 layer on a CPU. 0 if there is no such layer."""
    # Products of inputs and outputs of the layer, for each pair of tokens in a chunk.
    needed = (
        4 * min(layer.chunk_size, _SHORT_CHUNK) * layer.num_heads * layer.ssm_state_size
        for layer in scan_layers(model)
    )
    return max(needed, default=0)
