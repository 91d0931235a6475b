"""What modules of a loaded model were told after it was built: numbers beside weights that change scores."""

import copy
import json
import re
from typing import Any

import torch

from local_naturalness.student.adapter_state import is_of_peft
from local_naturalness.student.hooks import PACKAGES_OF_LAYERS, code_put_on, put_on

# How a module is run or trained, or what it keeps of the texts that it has seen.
_RUNNING = re.compile(r"^training$|^p$|drop|cache|seq_len|checkpointing|name_or_path|loss|inplace")
# Attention functions that compute the same up to rounding.
_SAME_ATTENTION = re.compile(r"(paged\|)?(sdpa|eager|flash_attention|flex_attention|kernels-community/)")

_PUT_ON, _TYPE = "put_on", "type"

_Settings = dict[str, dict[str, Any]]


def computation(model: Any) -> str:
    """What decides how a model's layers compute, as JSON: its configuration and the settings of modules.

    Functions that were put on modules count by their code. What else they refer to may change in every pass.
    """
    # Before the whole model, there are only token ids.
    layers = {
        path: [
            {} if is_of_peft(module) else _plain_settings(module),
            code_put_on(module, before=module is not model),
        ]
        for path, module in model.named_modules()
    }
    return json.dumps([model.config.to_dict(), _attention(model), layers], default=str)


def module_settings(model: torch.nn.Module) -> _Settings:
    """Plain settings of every module: scaling, epsilons, widths of windows; of a function its class.

    Functions that were put on a module have a digest of their own. Settings of PEFT's own modules are left to
    `adapter_state`.
    """
    return {
        path: ({} if is_of_peft(module) else _plain_settings(module)) | {_PUT_ON: put_on(module)}
        for path, module in model.named_modules()
    }


def changed_settings(model: Any, settings: _Settings) -> str:
    """Settings that are not those that the configuration makes, as JSON; empty where all are.

    A model that cannot be built from its configuration has none that are known to differ.

    Args:
        model: of transformers.
        settings: what `module_settings` tells of it.
    """
    attention = _attention(model)
    changed: dict[str, Any] = {} if _SAME_ATTENTION.match(attention) else {"": {"attention": attention}}
    try:
        with torch.device("meta"), torch.random.fork_rng(devices=()):
            built = module_settings(type(model)(copy.deepcopy(model.config)))
    except Exception:  # of code of any repository
        built = {}
    adapters = [path for path, module in model.named_modules() if is_of_peft(module)]
    for path, own in settings.items():
        place = _place_without(adapters, path)
        expected = built.get(place)
        if expected is None:
            # What the configuration makes no module for has its weights in the digest, if it has some.
            is_added = bool(built) and "class" in own and place == path
            of_its_own = bool(built) and _TYPE in own
            expected = {} if of_its_own else {"class": None} if is_added else own
        expected = expected | {_PUT_ON: ""}
        is_replaced = bool(own[_PUT_ON]) or own.get(_TYPE) != expected.get(_TYPE)
        compared = own.keys() if is_replaced else own.keys() & expected.keys()
        if different := {key: own[key] for key in compared if own[key] != expected.get(key)}:
            changed[path] = changed.get(path, {}) | different
    return json.dumps(changed, sort_keys=True) if changed else ""


def _place_without(adapters: list[str], path: str) -> str:
    """Where a module would stand without adapters, if one wraps it: what they wrap stood in their place.

    >>> _place_without(["layers.0.attention"], "layers.0.attention.wrapped.key")
    'layers.0.attention.key'
    """
    for adapter in reversed(adapters):  # inner ones first
        if path.startswith(f"{adapter}."):
            _, _, within = path.removeprefix(f"{adapter}.").partition(".")
            path = f"{adapter}.{within}" if within else adapter
    return path


def _plain_settings(module: torch.nn.Module) -> dict[str, Any]:
    settings = {key: value for key, value in vars(module).items() if _is_setting(key, value)}
    if not _has_tensors(module):
        settings["class"] = type(module).__name__
    if type(module).__module__.partition(".")[0] not in PACKAGES_OF_LAYERS:
        settings[_TYPE] = f"{type(module).__module__}.{type(module).__qualname__}"
    return settings


def _attention(model: Any) -> str:
    return str(model.config.get_text_config()._attn_implementation or "")


def _is_setting(key: str, value: Any) -> bool:
    # Most attributes are torch's own, so their names are looked at first.
    if key.startswith("_"):
        return False
    return (value is None or isinstance(value, bool | int | float | str)) and not _RUNNING.search(key)


def _has_tensors(module: torch.nn.Module) -> bool:
    return any(
        tensor is not None
        for part in module.modules()
        for tensor in (*part._parameters.values(), *part._buffers.values())
    )
