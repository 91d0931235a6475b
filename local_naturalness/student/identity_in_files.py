"""The identity of a student in a folder: a digest of the files that change scores, which must be complete."""

import functools
import hashlib
import json
import os
from pathlib import Path

import xxhash
from safetensors import SafetensorError, safe_open

from local_naturalness.student.folder_files import (
    INDEX,
    SHARD,
    check_gguf,
    check_links,
    check_shards,
    check_weights,
)

_LFS_POINTER = b"version https://git-lfs"

# Path, inode, size and times of a file. If one of them changes, the file is read again.
_FileState = tuple[str, int, int, int, int]


def folder_digest(folder: str | os.PathLike[str], gguf_file: str | None = None) -> str:
    """Digest of the weights, configuration and model code in a local folder.

    Args:
        folder: folder of a student.
        gguf_file: name of a file in it that holds everything. No other file is read then.

    Raises:
        FileNotFoundError: files that it needs are missing.
        ValueError: a file cannot be read, or the index leads out of the folder.
    """
    folder = Path(folder)
    if gguf_file is not None:
        check_links(folder, [gguf_file])
        check_gguf(folder, gguf_file)
        return file_digest(folder / gguf_file)
    check_links(folder)
    paths = sorted(
        path for pattern in ("*.safetensors", "config.json", "*.py") for path in folder.glob(pattern)
    )
    named = _named_weights(folder)
    _refuse_hidden_weights(folder, named, {path.name for path in paths})
    check_weights(folder, named)
    weight_map = _telling_weight_map(folder)
    digest = xxhash.xxh3_128()
    for path in paths:
        if path.suffix == ".safetensors":
            tensor_names(path)
        digest.update(f"{path.name} {file_digest(path)}".encode())
    if weight_map is not None:
        digest.update(json.dumps(weight_map, sort_keys=True).encode())
    return digest.hexdigest()


def file_digest(path: Path) -> str:
    """Digest of a file's content. It is computed again only if the file has changed."""
    return _file_digest(*_state(path))


def tensor_names(path: Path) -> frozenset[str]:
    """Names of the tensors in a safetensors file.

    Raises:
        ValueError: the file is truncated, or is not a safetensors file.
    """
    return _tensor_names(*_state(path))


def _named_weights(folder: Path) -> str | None:
    """File of weights that the configuration names, instead of the usual ones."""
    try:
        named: str | None = json.loads((folder / "config.json").read_text()).get("transformers_weights")
    except (OSError, ValueError, AttributeError):
        return None  # reported when the configuration is read
    return named


def _refuse_hidden_weights(folder: Path, named: str | None, seen: set[str]) -> None:
    """Check that a file of weights that the configuration names is one of the files in the digest."""
    if named is not None and named not in seen:
        raise ValueError(
            f"config.json of the student folder {folder.name!r} reads its weights from {named!r}. Weights "
            "must be `*.safetensors` files in the folder itself: save the model with "
            "`model.save_pretrained(folder)`."
        )


def _telling_weight_map(folder: Path) -> dict[str, str] | None:
    """Which file each tensor is read from. `None` if the files alone determine it."""
    index = folder / INDEX
    if (folder / "model.safetensors").exists() or not index.exists():
        return None
    weight_map = _read_weight_map(index)
    if outside := sorted({name for name in weight_map.values() if name != os.path.basename(name)}):
        raise ValueError(
            f"The index of the student folder {folder.name!r} names weights outside of it: {outside[0]!r}. "
            "They are not read: put the files into the folder."
        )
    files = set(weight_map.values())
    check_shards(folder, files)
    shards = {path.name for path in folder.glob("*.safetensors") if SHARD.fullmatch(path.name)}
    held = {(tensor, name) for name in files for tensor in tensor_names(folder / name)}
    return None if files == shards and held == set(weight_map.items()) else weight_map


def _read_weight_map(index: Path) -> dict[str, str]:
    try:
        weight_map: dict[str, str] = json.loads(index.read_text())["weight_map"]
        if all(isinstance(name, str) for name in weight_map.values()):
            return weight_map
    except (ValueError, TypeError, KeyError, AttributeError):
        pass
    raise ValueError(f"{index.name} of the student folder {index.parent.name!r} is not an index of weights.")


def _state(path: Path) -> _FileState:
    stat = path.stat()
    return str(path), stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


@functools.lru_cache(maxsize=256)
def _file_digest(path: str, *state: int) -> str:
    """Digest of a file's content."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()


@functools.lru_cache(maxsize=256)
def _tensor_names(path: str, *state: int) -> frozenset[str]:
    try:
        with safe_open(path, framework="numpy") as file:
            return frozenset(file.keys())
    except SafetensorError as error:
        with open(path, "rb") as file:
            is_pointer = file.read(len(_LFS_POINTER)) == _LFS_POINTER
        what = "is a pointer of Git LFS: run `git lfs pull`" if is_pointer else f"cannot be read ({error})"
        raise ValueError(
            f"{os.path.basename(path)} of the student folder {Path(path).parent.name!r} {what}."
        ) from error
