"""Functions that users put on the modules of a model: hooks, and replacements of `forward`."""

from collections.abc import Iterator
from functools import partial
from types import CodeType, FunctionType, MethodType
from typing import Any

import torch
import xxhash

# Packages whose hooks change no score. They distribute or train models, or collect their outputs.
_KNOWN_PACKAGES = {"torch", "transformers", "accelerate", "peft", "trl", "deepspeed"}
# Packages whose layers are known by what the model was built from. Others may compute with any setting.
PACKAGES_OF_LAYERS = {
    *("torch", "transformers", "transformers_modules", "peft", "accelerate"),
    *("bitsandbytes", "torchao", "hqq", "optimum", "gptqmodel", "awq", "compressed_tensors"),
}
_DEEPEST = 4


def put_on(module: torch.nn.Module) -> str:
    """Digest of functions that users added to the forward pass of a module. Empty if there are none.

    The digest covers their code and the numbers and tensors that they refer to, but not every object behind
    them.
    """
    described = [_described(function) for function in _functions(module)]
    return xxhash.xxh3_64_hexdigest(repr(described).encode())[:8] if described else ""


def code_put_on(module: torch.nn.Module, before: bool = True) -> list[str]:
    """Names of the same functions, each with a hash of its code, whatever they have kept so far.

    Takes little time and is meant for comparisons within a process.

    Args:
        module: a module.
        before: whether to include hooks that are called before the module.
    """
    return [_code_of(function) for function in _functions(module, before)]


def _code_of(function: Any) -> str:
    inner = function.func if isinstance(function, partial) else function
    inner = inner if hasattr(inner, "__code__") else type(inner).__call__
    name = getattr(inner, "__qualname__", type(function).__qualname__)
    return f"{name} {hash(getattr(inner, '__code__', None))}"


def _functions(module: torch.nn.Module, before: bool = True) -> Iterator[Any]:
    functions = [*module._forward_pre_hooks.values()] if before else []
    functions += module._forward_hooks.values()
    forward = vars(module).get("forward")
    # Only methods count: packages that distribute a model replace `forward` by another kind of callable.
    functions += [forward] if isinstance(forward, MethodType) else []
    for function in functions:
        inner = function.func if isinstance(function, partial) else function
        home = getattr(inner, "__module__", None) or type(inner).__module__
        if str(home).partition(".")[0] not in _KNOWN_PACKAGES:
            yield function
    of_the_class = getattr(type(module), "forward", None)
    if str(getattr(of_the_class, "__module__", "torch")).partition(".")[0] not in PACKAGES_OF_LAYERS:
        yield of_the_class


def _described(value: Any, depth: int = _DEEPEST) -> Any:
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return value
    if isinstance(value, torch.Tensor):
        plain = value.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        return xxhash.xxh3_64_hexdigest(plain.numpy().data)
    if isinstance(value, torch.nn.Module) or depth == 0:
        return type(value).__qualname__  # the weights of the model itself are in its digest
    parts: list[Any] = []
    if isinstance(value, CodeType):
        parts = [value.co_code, value.co_names, *value.co_consts]
    elif isinstance(value, FunctionType):
        cells = [cell.cell_contents for cell in value.__closure__ or ()]
        parts = [value.__qualname__, value.__code__, value.__defaults__, *cells]
    elif isinstance(value, MethodType):
        parts = [value.__func__, value.__self__]
    elif isinstance(value, partial):
        parts = [value.func, value.args, value.keywords]
    elif isinstance(value, list | tuple):
        parts = list(value)
    elif isinstance(value, dict):
        parts = [*value, *value.values()]
    elif hasattr(value, "__dict__"):
        parts = [type(value).__qualname__, vars(value)]
    return [_described(part, depth - 1) for part in parts] or type(value).__qualname__
