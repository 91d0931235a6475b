"""What makes two students the same: digests of weights and tokenizers, commits of hub repositories."""

import functools
import json
from pathlib import Path
from typing import Any

import torch
import xxhash
from transformers.utils import cached_file
from transformers.utils.hub import extract_commit_hash

# Entries of a configuration that say where a model came from or how it is run, not what it computes.
_VOLATILE_CONFIG = {"_name_or_path", "architectures", "dtype", "torch_dtype", "transformers_version"}


def hub_commit(repo_id: str, revision: str | None) -> str:
    """Commit that a hub id and revision stand for now, from the Hub or, offline, from the local cache."""
    path = cached_file(repo_id, "config.json", revision=revision)
    return extract_commit_hash(path, None)


def folder_digest(folder: str) -> str:
    """Digest of the weights, configuration and model code in a local folder."""
    paths = sorted(
        path for pattern in ("*.safetensors", "config.json", "*.py") for path in Path(folder).glob(pattern)
    )
    if not any(path.suffix == ".safetensors" for path in paths):
        raise FileNotFoundError(
            f"The student folder {Path(folder).name!r} holds no `*.safetensors` file. Save the model with "
            "`model.save_pretrained(folder)`; other weight formats are not read."
        )
    digest = xxhash.xxh3_128()
    for path in paths:
        stat = path.stat()
        content = _file_digest(str(path), stat.st_size, stat.st_mtime_ns)
        digest.update(f"{path.name} {content}".encode())
    return digest.hexdigest()


@functools.lru_cache(maxsize=256)
def _file_digest(path: str, size: int, mtime_ns: int) -> str:
    """Digest of a file's content; size and time are arguments so that a changed file is read again."""
    digest = xxhash.xxh3_128()
    with open(path, "rb") as file:
        while block := file.read(1 << 24):
            digest.update(block)
    return digest.hexdigest()


def model_digest(model: torch.nn.Module) -> str:
    """Digest of every parameter and buffer of a loaded model, and of its configuration."""
    digest = xxhash.xxh3_128(_config_json(model).encode())
    for name, tensor in _tensors(model):
        if tensor.is_meta:
            raise ValueError(
                f"The loaded student keeps `{name}` outside memory (offloaded), so its weights cannot be "
                "identified. Pass the folder or hub id that it was loaded from instead."
            )
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy())
    return digest.hexdigest()


def model_fingerprint(model: torch.nn.Module) -> tuple[Any, ...]:
    """Cheap sign that a loaded model may have changed since it was digested.

    In-place operations raise a tensor's version and new tensors have another address. Writing through
    `tensor.data` raises neither and goes unnoticed.
    """
    return (
        _config_json(model),
        *(
            (tensor.data_ptr(), None if tensor.is_inference() else tensor._version)
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
