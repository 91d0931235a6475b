"""A saved student in a folder or on the Hub, and the files that its scores depend on."""

import functools
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from local_naturalness.student.folder_files import check_links
from local_naturalness.student.hub_files import hub_commit, hub_file
from local_naturalness.student.identity_in_files import file_digest, folder_digest, tensor_names
from local_naturalness.student.load_errors import found

_ADAPTER_CONFIG, ADAPTER_WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
# Entries of an adapter's configuration that do not change scores: where its base comes from, how it is run.
_VOLATILE = {"base_model_name_or_path", "revision", "inference_mode", "auto_mapping", "peft_version"}


@dataclass(frozen=True)
class Checkpoint:
    """A saved model: a folder, or a hub id at a revision.

    Attributes:
        source: the folder or hub id.
        revision: branch, tag or commit of a hub id. `None` is the default branch.
        gguf_file: name of a GGUF file in it with weights, configuration and tokenizer.
    """

    source: str
    revision: str | None = None
    gguf_file: str | None = None

    @functools.cached_property
    def is_folder(self) -> bool:
        """Whether it is a folder on this machine, outside the cache of the Hub."""
        return os.path.isdir(self.source)

    @property
    def name(self) -> str:
        """The hub id, or the last part of the folder's name."""
        return os.path.basename(os.path.abspath(self.source)) if self.is_folder else self.source

    @functools.cached_property
    def commit(self) -> str | None:
        """Commit of a hub id, resolved once. `None` for a folder."""
        if self.is_folder:
            return None
        file = _ADAPTER_CONFIG if self._adapter_file else self.gguf_file or "config.json"
        return found(self.source, lambda: hub_commit(self.source, file, self.revision))

    @functools.cached_property
    def base(self) -> "Checkpoint | None":
        """The base model, if this is an adapter. `None` for a whole model."""
        if self._adapter_file is None:
            return None
        if self.is_folder and _holds_model(Path(self.source)):
            raise ValueError(
                f"The student folder {self.name!r} holds a whole model and an adapter, so it is not clear "
                f"which one to use. Move `{_ADAPTER_CONFIG}` and `{ADAPTER_WEIGHTS}` out of it, or move "
                "the model."
            )
        settings = self._adapter_settings()
        if not (base := settings.get("base_model_name_or_path")):
            raise ValueError(
                f"`{_ADAPTER_CONFIG}` of {self.name!r} names no `base_model_name_or_path`: load base and "
                "adapter with PEFT and pass the object."
            )
        below = Checkpoint(str(base), settings.get("revision"))
        try:
            is_adapter = below.base is not None
        except OSError as error:
            raise type(error)(
                f"The base model of the adapter {self.name!r} was not found: {error}"
            ) from error
        if is_adapter:
            raise ValueError(
                f"{self.name!r} adapts {below.name!r}, which is an adapter itself: merge that one into its "
                "base."
            )
        return below

    def identity(self) -> dict[str, str]:
        """What the numbers of the model depend on: its commit, or the digest of its files.

        For an adapter, also those of its base.

        Raises:
            OSError: there is no such model.
            ValueError: files of the model are damaged.
        """
        if self.base is not None:
            weights = self.commit or self._adapter_digest()
            of_base = {f"base_{key}": value for key, value in self.base.identity().items()}
            return {"weights": weights} | of_base
        if self.commit is None:
            return {"weights": folder_digest(self.source, self.gguf_file)}
        named = {} if self.gguf_file is None else {"gguf_file": self.gguf_file}
        return {"weights": self.commit} | named

    def adapter_weights(self) -> Path:
        """File of an adapter's weights. It is downloaded if it is on the Hub."""
        if self.is_folder:
            check_links(Path(self.source))
            path: Path | None = Path(self.source, ADAPTER_WEIGHTS)
        else:
            path = self._from_hub(ADAPTER_WEIGHTS)
        if path is None or not path.exists():
            raise FileNotFoundError(
                f"The adapter {self.name!r} holds no `{ADAPTER_WEIGHTS}`. Save it with "
                "`model.save_pretrained(folder)`; other weight formats are not read."
            )
        return path

    def folder(self) -> Path:
        """Where its files are on this machine: of a hub id, those that have been downloaded."""
        config = None if self.is_folder else self._from_hub("config.json")
        return Path(self.source) if config is None else config.parent

    @property
    def tokenizer(self) -> "Checkpoint":
        """Where the tokenizer is. If an adapter was saved without one, it is that of its base."""
        if self.base is None:
            return self
        name = "tokenizer_config.json"
        own = Path(self.source, name).exists() if self.is_folder else self._from_hub(name)
        return self if own else self.base

    @functools.cached_property
    def _adapter_file(self) -> Path | None:
        if self.gguf_file is not None:
            return None
        if self.is_folder:
            path = Path(self.source, _ADAPTER_CONFIG)
            return path if path.exists() else None
        return found(self.source, lambda: hub_file(self.source, _ADAPTER_CONFIG, self.revision))

    def _from_hub(self, file: str) -> Path | None:
        return found(self.source, lambda: hub_file(self.source, file, self.commit))

    def _adapter_settings(self) -> dict[str, Any]:
        assert self._adapter_file is not None  # only called for adapters
        try:
            settings: dict[str, Any] = json.loads(self._adapter_file.read_text())
        except ValueError as error:
            raise ValueError(f"`{_ADAPTER_CONFIG}` of {self.name!r} is not valid JSON: {error}") from error
        return settings

    def _adapter_digest(self) -> str:
        weights = self.adapter_weights()
        tensor_names(weights)
        settings = {key: value for key, value in self._adapter_settings().items() if key not in _VOLATILE}
        digest = xxhash.xxh3_128(json.dumps(settings, sort_keys=True).encode())
        digest.update(file_digest(weights).encode())
        return digest.hexdigest()


def _holds_model(folder: Path) -> bool:
    return any((folder / f"model.safetensors{end}").exists() for end in ("", ".index.json"))
