"""What layers of PEFT compute with besides the parameters and buffers of the model that they are in."""

import json
from typing import Any

import torch


def is_of_peft(module: torch.nn.Module) -> bool:
    """Whether a module is a layer of PEFT, not one of the model that it adapts."""
    return type(module).__module__.startswith("peft.")


def adapter_state(model: torch.nn.Module) -> str:
    """What layers of PEFT say besides their weights: scaling, which adapters are on, which are merged.

    Empty for a model without such layers.
    """
    layers = {path: _settings(module) for path, module in model.named_modules() if is_of_peft(module)}
    return json.dumps(layers, sort_keys=True) if layers else ""


def _settings(module: torch.nn.Module) -> dict[str, Any]:
    own = {key: value for key, value in vars(module).items() if key != "training" and _is_plain(value)}
    # Some layers have these from their class, or as one name, until adapters are switched for the first time.
    if hasattr(module, "_disable_adapters"):
        own["_disable_adapters"] = module._disable_adapters
    if isinstance(active := getattr(module, "_active_adapter", None), str):
        own["_active_adapter"] = [active]
    return own | {"class": type(module).__name__}


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_plain(one) for key, one in value.items())
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
