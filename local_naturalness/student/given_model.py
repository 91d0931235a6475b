"""Models that were passed as objects, and how other processes get them."""

import atexit
import functools
import io
import os
import tempfile
import weakref
from dataclasses import dataclass
from typing import Any

import dill
import torch
from safetensors.torch import load_file, save_file
from torch.utils._python_dispatch import is_traceable_wrapper_subclass
from transformers import PreTrainedModel

from local_naturalness.student.adapters import inner_model, is_peft
from local_naturalness.student.first_pass import settle
from local_naturalness.student.suitability import (
    check_architecture,
    check_computation,
    check_rows,
    is_compiled,
)

# Models by key and by digest. Forked workers and copies find models here that the sender still holds.
_loaded_models: "weakref.WeakValueDictionary[str, PreTrainedModel]" = weakref.WeakValueDictionary()


def given_model(model: Any) -> PreTrainedModel:
    """The transformers model in the given object, without the wrappers of `torch.compile` and PEFT.

    Raises:
        TypeError: the object is not a language model.
        ValueError: the model cannot be scored exactly.
    """
    while is_compiled(model):
        model = model._orig_mod
    if is_peft(model):
        model = inner_model(model)
    name = model_name(model)
    check_architecture(model.config, [type(model).__name__], name)
    check_computation(model, name)
    settle(model)
    check_rows(model, name)
    return model


def model_name(model: PreTrainedModel) -> str:
    """Name of a model object: the last part of its path or id, or else its class."""
    return os.path.basename((model.name_or_path or "").rstrip("/\\")) or type(model).__name__


def remember(key: str, model: PreTrainedModel) -> None:
    """Let forked workers and copies find a model, as long as it is referenced elsewhere."""
    _loaded_models[key] = model


@dataclass(frozen=True)
class SentModel:
    """A model object as another process gets it: from forked memory, or else from a file.

    Attributes:
        name: name of the student.
        digest: digest of the model.
        memory_key: key under which it is remembered.
        file: safetensors file of its tensors.
        structure: pickle of the model without its tensors.
    """

    name: str
    digest: str
    memory_key: str | None = None
    file: str | None = None
    structure: bytes = b""

    def received(self, device: str) -> PreTrainedModel:
        """The model. If it has to be loaded, it is put on the device.

        Raises:
            RuntimeError: only the digest was sent, or the file is on another machine.
        """
        for key in (self.memory_key, self.digest):
            if key is not None and key in _loaded_models:
                return _loaded_models[key]
        if self.file is None:
            raise RuntimeError(
                f"The student {self.name!r} was passed as a loaded model, and its pickle does not contain "
                "the weights. Save it with `model.save_pretrained(folder)` and pass the folder, so that "
                "other processes can load it."
            )
        if not os.path.exists(self.file):
            raise RuntimeError(
                f"The student {self.name!r} was passed as a loaded model, and its copy is on another machine "
                "or was removed when the process that sent it ended. Save it with "
                "`model.save_pretrained(folder)` on a disk that all machines share, and pass the folder."
            )
        tensors = load_file(self.file, device=device)
        model: PreTrainedModel = _Structure.read(self.structure, tensors)
        return model.to(device).eval()  # type: ignore[arg-type] # transformers' wrapper loses `self`


def sent_model(model: PreTrainedModel, name: str, digest: str, key: str | None, forked: bool) -> SentModel:
    """What another process needs to get the same model.

    Args:
        model: the model object.
        name: name of the student.
        digest: digest of the model as it is now.
        key: key under which it is remembered.
        forked: whether the other process has it in forked memory, so that nothing need be written.
    """
    if forked:
        return SentModel(name, digest, key)
    file, structure = _written(digest, weakref.ref(model))
    return SentModel(name, digest, key, file, structure)


@functools.lru_cache(maxsize=4)
def _written(digest: str, model: "weakref.ref[PreTrainedModel]") -> tuple[str, bytes]:
    """Write tensors to a temporary file, once for each digest. The file is removed when this process ends."""
    folder = tempfile.TemporaryDirectory(prefix="local_naturalness_")
    atexit.register(folder.cleanup)
    held = model()
    assert held is not None  # by the caller
    structure, tensors = _Structure.of(held)
    file = os.path.join(folder.name, "model.safetensors")
    save_file(tensors, file)
    return file, structure


class _Structure(dill.Pickler):  # type: ignore[misc] # dill has no types
    """Pickles a model without its tensors. It may be quantised, adapted or pruned, and stays so."""

    def __init__(self, file: io.BytesIO):
        super().__init__(file, recurse=True)
        self.seen: dict[int, tuple[str, torch.Tensor]] = {}

    @classmethod
    def of(cls, model: PreTrainedModel) -> tuple[bytes, dict[str, torch.Tensor]]:
        pickler = cls(file := io.BytesIO())
        pickler.dump(model)
        tensors, storages = {}, set()
        for name, tensor in pickler.seen.values():
            # safetensors refuses tensors that share memory.
            plain = tensor.detach().cpu().contiguous()
            address = plain.untyped_storage().data_ptr()
            tensors[name] = plain.clone() if address in storages else plain
            storages.add(address)
        return file.getvalue(), tensors

    @staticmethod
    def read(structure: bytes, tensors: dict[str, torch.Tensor]) -> Any:
        unpickler = dill.Unpickler(io.BytesIO(structure))
        read: dict[str, torch.Tensor] = {}

        def tensor(token: tuple[str, str, bool]) -> torch.Tensor:
            name, kind, requires_grad = token
            if name not in read:
                is_parameter = kind == "parameter"
                read[name] = (
                    torch.nn.Parameter(tensors[name], requires_grad) if is_parameter else tensors[name]
                )
            return read[name]

        unpickler.persistent_load = tensor
        return unpickler.load()

    def persistent_id(self, value: Any) -> tuple[str, str, bool] | None:
        if not isinstance(value, torch.Tensor) or is_traceable_wrapper_subclass(value):
            return None
        name, _ = self.seen.setdefault(id(value), (str(len(self.seen)), value))
        return name, "parameter" if isinstance(value, torch.nn.Parameter) else "tensor", value.requires_grad
