"""The identity of a student in memory: digests of a loaded model and of a tokenizer."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import torch
import xxhash
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

from local_naturalness.student.adapter_state import adapter_state
from local_naturalness.student.module_settings import changed_settings, module_settings
from local_naturalness.student.unregistered_tensors import unregistered_tensors

# Entries of a configuration that say where a model came from or how it is run, not what it computes.
_VOLATILE_CONFIG = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}
# Numbers of a tensor that are compared to notice a change.
_SAMPLED = 64


class Digests:
    """Digests of a student's model and tokenizer, computed again only after a change."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Any, str]] = {}

    def of_model(self, model: torch.nn.Module) -> str:
        """See `model_digest`."""
        return self._once("model", model_fingerprint(model), lambda: model_digest(model))

    def of_tokenizer(self, tokenizer: Any) -> str:
        """See `tokenizer_digest`."""
        return self._once("tokenizer", tokenizer_fingerprint(tokenizer), lambda: tokenizer_digest(tokenizer))

    def _once(self, key: str, fingerprint: tuple[Any, ...], digest: Callable[[], str]) -> str:
        if key not in self._of or self._of[key][0] != fingerprint:
            self._of[key] = (fingerprint, digest())
        return self._of[key][1]


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
    digest.update(changed_settings(model, module_settings(model)).encode())
    return digest.hexdigest()


def model_fingerprint(model: Any) -> tuple[Any, ...]:
    """Cheap sign that a loaded model may have changed since it was digested.

    In-place operations raise a tensor's version, new tensors have another address, and whatever is written
    past both, as through `tensor.data`, shows in a sample of the numbers if it changes most of them.
    """
    tensors = [tensor for _, tensor in _tensors(model)]
    embedding = model.get_input_embeddings().weight
    return (
        adapter_state(model),
        _config_json(model),
        json.dumps([module_settings(model), model.config.get_text_config()._attn_implementation]),
        *((_address(tensor), None if tensor.is_inference() else tensor._version) for tensor in tensors),
        *map(_sample, tensors),
        _sample(embedding, len(embedding)),  # of each token: rows are often written one by one
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
        *_further_tokenizer_settings(tokenizer),
    ]
    return xxhash.xxh3_128_hexdigest(json.dumps(parts, sort_keys=True).encode())


def tokenizer_fingerprint(tokenizer: Any) -> tuple[Any, ...]:
    """Cheap sign that a tokenizer may have changed since it was digested."""
    parts = ("normalizer", "pre_tokenizer") if tokenizer.is_fast else ()
    return (
        len(tokenizer),
        tokenizer.chat_template,
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        *map(str, _further_tokenizer_settings(tokenizer)),
        *(repr(getattr(tokenizer.backend_tokenizer, part)) for part in parts),
    )


def _further_tokenizer_settings(tokenizer: Any) -> list[dict[str, Any]]:
    """What else decides ids, where it is not as usual."""
    template = json.dumps(tokenizer.chat_template)
    settings = {
        name: str(token)
        for name, token in tokenizer.special_tokens_map.items()
        # Their ids are known already.
        if name not in ("bos_token", "eos_token") and re.search(rf"\b{re.escape(name)}\b", template)
    }
    if getattr(tokenizer, "split_special_tokens", False):
        settings["split_special_tokens"] = "true"
    if not tokenizer.is_fast and (merges := getattr(tokenizer, "bpe_ranks", None)):
        settings["merges"] = str(sorted(merges.items(), key=lambda item: item[1]))
    return [settings] if settings else []


def _config_json(model: Any) -> str:
    config = {key: value for key, value in model.config.to_dict().items() if key not in _VOLATILE_CONFIG}
    return json.dumps(config, sort_keys=True, default=str)


def _tensors(model: torch.nn.Module) -> list[tuple[str, torch.Tensor]]:
    modules = list(
        model.named_modules()
    )  # walked once: of a large model it takes milliseconds, in every call
    parameters, buffers = _registered(modules, "_parameters"), _registered(modules, "_buffers")
    registered = [*parameters.values(), *buffers.values()]
    known: list[Any] = []
    for path, module in modules:
        for name, began in _first_frequencies(module):
            buffers[f"{path}.{name}"] = began
            known.append(began)
        if (scale := _scale_of_8_bit(module)) is not None:
            buffers[f"{path}.SCB"] = scale
            known += [scale, getattr(module, "state", None)]  # the rest of it is of the last text
    unregistered = unregistered_tensors(modules, registered, known)
    return [*parameters.items(), *buffers.items(), *unregistered]


def _registered(modules: list[tuple[str, torch.nn.Module]], kind: str) -> dict[str, torch.Tensor]:
    """Parameters or buffers by name, each once."""
    found: dict[int, tuple[str, torch.Tensor]] = {}
    for path, module in modules:
        for name, tensor in vars(module)[kind].items():
            if tensor is not None:
                found.setdefault(id(tensor), (f"{path}.{name}" if path else name, tensor))
    return dict(found.values())


def _first_frequencies(module: Any) -> Iterator[tuple[str, torch.Tensor]]:
    """Of rotary positions that follow the length of the last text, the frequencies that they began with."""
    kinds = getattr(module, "rope_type", None)
    for layer, kind in kinds.items() if isinstance(kinds, dict) else [("", kinds)]:
        name = f"{layer}_inv_freq" if layer else "inv_freq"
        original = f"{layer}_original_inv_freq" if layer else "original_inv_freq"
        if isinstance(kind, str) and ("dynamic" in kind or kind == "longrope"):
            if name in module._buffers and isinstance(getattr(module, original, None), torch.Tensor):
                yield name, getattr(module, original)


def _scale_of_8_bit(module: Any) -> torch.Tensor | None:
    """Scales of the rows of an 8-bit layer of bitsandbytes, which the first pass moves to another place."""
    for holder in (module._parameters.get("weight"), getattr(module, "state", None)):
        if isinstance(scale := getattr(holder, "SCB", None), torch.Tensor):
            return scale
    return None


def _sample(tensor: torch.Tensor, count: int = _SAMPLED) -> bytes:
    """Some numbers of a tensor, evenly spread."""
    if is_traceable_wrapper_subclass(tensor) or tensor.is_meta or not tensor.is_contiguous():
        return b""
    flat = tensor.detach().view(-1)
    some = flat[:: max(1, len(flat) // count)].contiguous()
    return some.view(torch.uint8).cpu().numpy().tobytes() if len(some) else b""


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
