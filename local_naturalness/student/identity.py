"""Digests of what is in memory: the weights of a model object, a tokenizer."""

import json
from collections.abc import Iterator
from typing import Any

import torch
import xxhash
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from local_naturalness.student.adapters import adapter_state

# Entries of a configuration that say where a model came from or how it is run, not what it computes.
_VOLATILE_CONFIG = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}


def model_digest(model: torch.nn.Module) -> str:
    """Digest of every parameter and buffer of a loaded model, of its configuration and its adapters.

    Raises:
        ValueError: weights that are not in memory.
    """
    digest = xxhash.xxh3_128(_config_json(model).encode())
    for name, tensor in _tensors(model):
        if tensor.is_meta:
            raise ValueError(
                f"The loaded student keeps `{name}` outside memory (offloaded), so its weights cannot be "
                "identified. Pass the folder or hub id that it was loaded from instead."
            )
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        for plain in _plain_tensors(tensor, digest):
            # A view as bytes needs a last dimension, which a single number lacks.
            digest.update(plain.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    digest.update(adapter_state(model).encode())
    return digest.hexdigest()


def model_fingerprint(model: torch.nn.Module) -> tuple[Any, ...]:
    """Cheap sign that a loaded model may have changed since it was digested.

    In-place operations raise a tensor's version and new tensors have another address. Writing through
    `tensor.data` raises neither and goes unnoticed.
    """
    return (
        _config_json(model),
        adapter_state(model),
        *(
            (_address(tensor), None if tensor.is_inference() else tensor._version)
            for _, tensor in _tensors(model)
        ),
    )


def tokenizer_digest(tokenizer: Any) -> str:
    """Digest of what decides the ids of a text and of a conversation."""
    if tokenizer.is_fast:
        backend = json.loads(tokenizer.backend_tokenizer.to_str())
        # A padded or truncated call leaves these behind; scoring uses neither.
        backend.pop("padding", None)
        backend.pop("truncation", None)
    else:
        backend = tokenizer.get_vocab()
    parts = [
        type(tokenizer).__name__,
        backend,
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.chat_template,
    ]
    return xxhash.xxh3_128_hexdigest(json.dumps(parts, sort_keys=True).encode())


def _config_json(model: Any) -> str:
    config = {key: value for key, value in model.config.to_dict().items() if key not in _VOLATILE_CONFIG}
    return json.dumps(config, sort_keys=True, default=str)


def _tensors(model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    return [*model.named_parameters(), *model.named_buffers()]


def _plain_tensors(tensor: torch.Tensor, digest: xxhash.xxh3_128) -> Iterator[torch.Tensor]:
    """The tensors with numbers in a tensor; a quantised one of torchao is made of several."""
    if not is_traceable_wrapper_subclass(tensor):
        yield tensor
        return
    names, settings = tensor.__tensor_flatten__()
    digest.update(f"{type(tensor).__name__} {settings}".encode())
    for name in names:
        yield from _plain_tensors(getattr(tensor, name), digest)


def _address(tensor: torch.Tensor) -> int:
    if is_traceable_wrapper_subclass(tensor):
        return id(tensor)  # it has no storage of its own
    return tensor.data_ptr()
