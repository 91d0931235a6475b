"""The device and number type of a student, and checks that they are available."""

from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch


def check_given(model: Any, tokenizer: Any, device: Any, dtype: Any) -> None:
    """Refuse a model object that cannot be used as it is asked for."""
    is_module = isinstance(model, torch.nn.Module)
    if not is_module or not hasattr(model, "config"):
        raise TypeError(
            "`model` must be a hub id, the path of a folder, or a loaded transformers model; found "
            f"{type(model).__name__}."
        )
    if tokenizer is None:
        raise ValueError(
            f"A loaded model ({type(model).__name__}) comes without its tokenizer: pass `tokenizer=`."
        )
    if dtype != "auto" and dtype_name(dtype, None) != dtype_name(model.dtype, None):
        raise ValueError(
            f"`dtype` is {dtype_name(dtype, None)} and the loaded model is {model.dtype}; a loaded model is "
            "never cast. Leave `dtype` out, or pass the path so that the model is loaded as asked."
        )
    if device is not None and not _same_device(torch.device(device), model.device):
        raise ValueError(
            f"`device` is {device} and the loaded model is on {model.device}; a loaded model is never moved. "
            "Leave `device` out, or move the model yourself."
        )


def check_device(device: str | torch.device | None, is_used_here: bool = True) -> None:
    """Refuse a device that torch does not know or that is not here.

    Args:
        device: as asked for.
        is_used_here: a model is about to be loaded. Before that, a GPU may be another machine's, to which
            the student is sent.
    """
    if device is None or device == "auto":
        return
    try:
        asked = torch.device(device)
    except RuntimeError as error:
        raise ValueError(
            f"`device` must be a device of torch such as 'cpu' or 'cuda:1', or 'auto'; found {device!r}."
        ) from error
    if asked.type == "cuda" and not is_used_here:
        return
    # Counted without initialising CUDA, which a worker that is forked later could not use then.
    gpus = torch.cuda.device_count()
    if asked.type == "cuda" and (asked.index or 0) >= gpus > 0:
        raise ValueError(f"`device` is {str(device)!r}, and the last GPU here is 'cuda:{gpus - 1}'.")
    if not (gpus if asked.type == "cuda" else asked.type == "cpu" or _can_hold_numbers(asked)):
        raise ValueError(
            f"`device` is {str(device)!r}, and torch finds no such device here. Leave it out to use "
            f"{default_device()!r}."
        )


def _can_hold_numbers(device: torch.device) -> bool:
    """Whether this torch was built for a device; it knows the names of many more."""
    try:
        return torch.ones(2, device=device).sum().item() == 2
    except Exception:  # of the backend: whatever it raises, it is not there
        return False


def _same_device(asked: torch.device, actual: torch.device) -> bool:
    return asked.type == actual.type and (asked.index is None or asked.index == actual.index)


def plain_default_device() -> AbstractContextManager[Any]:
    """Lets new tensors lie on the CPU where nothing else is said, whatever default the caller has set."""
    # Only then, because torch calls Python for every operation inside.
    return torch.device("cpu") if torch.get_default_device().type != "cpu" else nullcontext()


def default_device() -> str:
    """A GPU if there is one."""
    return "cuda" if torch.cuda.is_available() else "cpu"


def dtype_name(dtype: str | torch.dtype, device: str | None) -> str:
    """Name of a number type; `"auto"` is what suits the device."""
    if dtype == "auto":
        on_cpu = (default_device() if device in (None, "auto") else device).startswith("cpu")
        return "float32" if on_cpu else "bfloat16"
    found = getattr(torch, str(dtype).removeprefix("torch."), None)
    if not isinstance(found, torch.dtype):
        raise ValueError(
            f"`dtype` must be 'auto' or a torch dtype such as 'float32' or 'bfloat16'; found {dtype!r}."
        )
    return str(found).removeprefix("torch.")  # one name for `float` and `float32`
