"""Tensors that layers compute with and that are no parameters or buffers of the model.

Layers of PEFT and of quantisers keep some: places of weights, scales, zero points.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from local_naturalness.student.adapter_state import is_of_peft

# What torch keeps, and what a layer keeps of its last text, as rotations by its length, or of training.
_RUNNING = re.compile(r"^_|cache|seq_len|inv_freq|grad|loss")
# Packages whose objects hold no tensors that a layer computes with, other than modules and parameters.
_WITHOUT_TENSORS = {"torch", "transformers", "builtins", "functools", "numpy"}


def unregistered_tensors(
    modules: list[tuple[str, torch.nn.Module]], registered: Iterable[torch.Tensor], known: Iterable[Any] = ()
) -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors in attributes of modules and of their parameters, in containers and in objects.

    Args:
        modules: of the model, with their paths.
        registered: its parameters and buffers. Other tensors on the same memory are passed over.
        known: tensors and objects that are not looked at.
    """
    registered = list(registered)
    seen = {id(one) for one in (*registered, *known)} | {id(module) for _, module in modules}
    memory = {tensor.data_ptr() for tensor in registered if not is_traceable_wrapper_subclass(tensor)} - {0}
    for path, module in modules:
        for place, tensor in _of_module(path, module, seen):
            if is_traceable_wrapper_subclass(tensor) or tensor.data_ptr() not in memory:
                yield place, tensor


def _of_module(path: str, module: torch.nn.Module, seen: set[int]) -> Iterator[tuple[str, torch.Tensor]]:
    yield from _unseen(path, vars(module), seen)
    for name, parameter in module._parameters.items():
        # The parts of a wrapper are those of the parameter itself.
        if parameter is not None and not is_traceable_wrapper_subclass(parameter):
            yield from _unseen(f"{path}.{name}", vars(parameter), seen)
    for hook in (*module._forward_pre_hooks.values(), *module._forward_hooks.values()):
        owner = getattr(hook, "__self__", None)
        if isinstance(owner, torch.nn.Module) and is_of_peft(owner):
            yield from _unseen(f"{path}.hook", owner, seen)


def _unseen(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, torch.Tensor]]:
    if id(value) in seen or not _may_hold_tensors(value):
        return
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, dict | list | tuple):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            if not _RUNNING.search(str(key)):
                yield from _unseen(f"{path}.{key}", part, seen)
    else:
        if isinstance(value, torch.nn.Module):
            for part in (value._parameters, value._buffers, value._modules):
                yield from _unseen(path, part, seen)
        yield from _unseen(path, vars(value), seen)


def _may_hold_tensors(value: Any) -> bool:
    """Whether a value is a tensor, a module, a container, or another object such as the state of a weight."""
    if isinstance(value, torch.Tensor | torch.nn.Module | dict | list | tuple):
        return True
    home = str(type(value).__module__).partition(".")[0]
    return home not in _WITHOUT_TENSORS and hasattr(value, "__dict__") and not callable(value)
