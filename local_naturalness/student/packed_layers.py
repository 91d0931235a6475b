"""Keeps 4-bit layers of bitsandbytes from being packed anew in their first pass on a CPU.

On processors with bfloat16 instructions, such a layer rounds its scales to bfloat16 and reorders its weights
the first time it computes in evaluation mode. Then it computes in bfloat16, and `save_pretrained` writes
other weights than were loaded (bitsandbytes 0.50).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

_SWITCH = "support_avx512bf16_for_cpu"


@contextmanager
def kept_unpacked(model: torch.nn.Module) -> Iterator[None]:
    """Let a model pass texts without packing its layers. Layers that are packed already stay so."""
    switched = keep_unpacked(model)
    try:
        yield
    finally:
        for module, value in switched:
            setattr(module, _SWITCH, value)


def keep_unpacked(model: torch.nn.Module) -> list[tuple[torch.nn.Module, Any]]:
    """Keep layers of a model from packing themselves, from now on.

    Returns:
        The layers that would have done so, each with the value of its switch.
    """
    switched = [(module, value) for module in model.modules() if (value := vars(module).get(_SWITCH))]
    for module, _ in switched:
        setattr(module, _SWITCH, False)
    return switched
