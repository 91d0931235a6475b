"""What layers of PEFT compute with besides the parameters and buffers of the model that they are in."""

import json
from collections.abc import Iterator
from typing import Any

import torch


def is_of_peft(module: torch.nn.Module) -> bool:
    """Whether a module is a layer of PEFT, not one of the model that it adapts."""
    return type(module).__module__.startswith("peft.")


def adapter_state(model: torch.nn.Module) -> str:
    """What layers of PEFT say besides their weights: scaling, which adapters are on, which are merged.

    Empty for a model without such layers.
    """
    layers = {
        path: {key: value for key, value in vars(module).items() if key != "training" and _is_plain(value)}
        | {"class": type(module).__name__}
        for path, module in model.named_modules()
        if is_of_peft(module)
    }
    return json.dumps(layers, sort_keys=True) if layers else ""


def unregistered_tensors(
    modules: list[tuple[str, torch.nn.Module]], registered: set[int]
) -> Iterator[tuple[str, torch.Tensor]]:
    """Tensors of layers of PEFT that are no parameters or buffers of the model.

    Some layers keep places of their weights in a dictionary, share a matrix with others that belongs to
    PEFT's model around this one, or have hooks in which a second network runs.

    Args:
        modules: of the model, with their paths.
        registered: ids of its parameters and buffers.
    """
    seen = registered | {id(module) for _, module in modules}
    for path, module in modules:
        if is_of_peft(module):
            yield from _unseen(path, vars(module), seen)
        for hook in (*module._forward_pre_hooks.values(), *module._forward_hooks.values()):
            owner = getattr(hook, "__self__", None)
            if isinstance(owner, torch.nn.Module) and is_of_peft(owner):
                yield from _unseen(f"{path}.hook", owner, seen)


def _unseen(path: str, value: Any, seen: set[int]) -> Iterator[tuple[str, torch.Tensor]]:
    if isinstance(value, torch.Tensor | torch.nn.Module):
        if id(value) in seen:
            return
        seen.add(id(value))
    if isinstance(value, torch.Tensor):
        yield path, value
    elif isinstance(value, torch.nn.Module):
        for part in (value._parameters, value._buffers, value._modules, vars(value)):
            yield from _unseen(path, part, seen)
    elif isinstance(value, dict | list | tuple):
        parts = value.items() if isinstance(value, dict) else enumerate(value)
        for key, part in parts:
            if not str(key).startswith("_"):  # of torch, or what a layer keeps of the last text
                yield from _unseen(f"{path}.{key}", part, seen)


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
