"""The student: which model and tokenizer, at which commit, on which device. Loaded when first needed."""

import dataclasses
import logging
import os
import threading
import uuid
from typing import Any

import multiprocess
import torch
from transformers import PreTrainedModel

from local_naturalness.family import tokenizer_kind, told_kind
from local_naturalness.student.adapters import with_adapter
from local_naturalness.student.checkpoint import Checkpoint
from local_naturalness.student.context_length import context_length
from local_naturalness.student.cost import StudentCost, student_cost
from local_naturalness.student.devices import (
    check_device,
    check_given,
    default_device,
    dtype_name,
    plain_default_device,
)
from local_naturalness.student.first_pass import settle
from local_naturalness.student.forking import make_safe_after_fork
from local_naturalness.student.given_model import SentModel, given_model, model_name, remember, sent_model
from local_naturalness.student.identity_in_memory import Digests
from local_naturalness.student.loading import hollow_model, load_config, load_model, load_tokenizer
from local_naturalness.student.shipping import Shipped
from local_naturalness.student.suitability import (
    check_computation,
    check_rows,
    check_words,
    inexact_because,
)

logger = logging.getLogger(__name__)

# One load at a time: transformers sets torch's default number type for as long as it takes, for all threads.
_loading = threading.Lock()
os.register_at_fork(
    before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release
)


class Student(Shipped):
    """The model that is going to be trained, whose likelihoods are the scores.

    Nothing is loaded before it is needed. A model that you pass as an object is never moved, cast or left
    changed. Scores are labelled with the identity of the weights in memory.

    Args:
        model (`str`, `PreTrainedModel` or `peft.PeftModel`):
            Hub id, path of a local folder (safetensors only), or a loaded causal language model. A folder or
            hub id may hold an adapter of PEFT, quantised weights, or a multimodal model, of which only the
            part that reads and writes text is loaded.
        tokenizer (`str` or tokenizer, *optional*):
            Defaults to the tokenizer saved with the model. Needed with a loaded model.
        revision (`str`, *optional*):
            Branch, tag or commit of a hub id. `None` is the default branch. It is resolved to a commit.
        gguf_file (`str`, *optional*):
            Name of a GGUF file in the folder or repository. Its weights are dequantised to `dtype`.
        device (`str` or `torch.device`, *optional*):
            `None` is the GPU if there is one (one per worker with `map(..., with_rank=True)`), otherwise the
            CPU. `"auto"` spreads a large model over several GPUs (needs accelerate).
        dtype (`str` or `torch.dtype`, *optional*, defaults to `"auto"`):
            `"auto"` is bfloat16 on a GPU and float32 on a CPU of the machine that loads the model.
        trust_remote_code (`bool`, *optional*, defaults to `False`):
            Whether code from the model's repository may run.

    Raises:
        TypeError: `model` is neither a string nor a causal language model of transformers.
        ValueError: a loaded model comes without `tokenizer`, its device or dtype differs from the argument,
            `revision` comes with a folder, or the model cannot be scored exactly.

    Example:

    ```python
    >>> from local_naturalness import Student
    >>> from local_naturalness.embedded import student_path
    >>> student = Student(student_path())
    >>> student.context_length
    1024

    ```
    """

    _checkpoint: Checkpoint | None = None  # None where the model was given as an object
    _sent: SentModel | None = None  # in a worker, of a model that was given as an object
    _model: PreTrainedModel | None = None
    _config: Any = None
    _tokenizer_source: str | None = None
    _tokenizer: Any = None
    _device: str | None = None
    _memory_key: str | None = None  # where a forked worker finds a given model
    _told: dict[str, str] | None = None  # identity of a checkpoint, as it was first asked for
    _sent_identity: dict[str, str] | None = None  # set in workers: as the sending process found it
    _sent_kind: dict[str, str] | None = None  # the same
    _is_overwritten = False

    def __init__(
        self,
        model: str | os.PathLike[str] | PreTrainedModel,
        *,
        tokenizer: Any = None,
        revision: str | None = None,
        gguf_file: str | None = None,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype = "auto",
        trust_remote_code: bool = False,
    ):
        if isinstance(model, str | os.PathLike):
            check_device(device, is_used_here=False)
            self._checkpoint = Checkpoint(os.fspath(model), revision, gguf_file)
            if revision is not None and self._checkpoint.is_folder:
                raise ValueError(
                    f"`revision` is {revision!r}, but the student {self.name!r} is a local folder, which has "
                    "no revisions. Leave `revision` out, or pass a hub id. If you mean a hub id, rename the "
                    "folder of the same name."
                )
        else:
            check_given(model, tokenizer, device, dtype)
            self._model = given_model(model)
            self._memory_key = uuid.uuid4().hex
            remember(self._memory_key, self._model)
            _tell_if_inexact(self._model, model_name(self._model))
            device, dtype = self._model.device, self._model.dtype
        if isinstance(tokenizer, str):
            self._tokenizer_source = tokenizer
        elif tokenizer is not None:
            check_words(tokenizer, self.name)
            self._tokenizer = tokenizer
        self._device = None if device is None else str(device)
        dtype_name(dtype, self._device)  # what is no number type is refused at once
        self._asked_dtype = "auto" if dtype == "auto" else dtype_name(dtype, self._device)
        self._trust_remote_code = trust_remote_code
        self._digests = Digests()

    @property
    def name(self) -> str:
        """Short name without a path: the hub id, or the last part of the folder's name."""
        if self._checkpoint is not None:
            return self._checkpoint.name
        return model_name(self.model()) if self._sent is None else self._sent.name

    @property
    def weights(self) -> str:
        """Commit of a hub id, or digest of the weights of a folder or loaded model."""
        return self._weights()["weights"]

    @property
    def dtype(self) -> str:
        """Name of the number type that the model computes in, such as `"float32"`, on this machine."""
        return dtype_name(self._asked_dtype, self._device)

    def dtype_on(self, device: str) -> str:
        """Name of the number type on another machine.

        Args:
            device: the device of that machine, used if none was passed to `Student`.
        """
        return dtype_name(self._asked_dtype, self._device or device)

    @property
    def device_type(self) -> str:
        """`"cpu"`, `"cuda"` or another kind of device that the model is or will be on."""
        device = self._device_of(None)
        return "cuda" if device == "auto" else torch.device(device).type

    @property
    def label(self) -> str:
        """Name and the beginning of the commit or digest, as written into `*_spec` columns."""
        return f"{self.name}@{self.weights[:12]}"

    @property
    def identity(self) -> dict[str, str]:
        """What scores depend on: weights, tokenizer with chat template, number type.

        For an adapter, also the weights of its base. Later changes of a folder do not change it: see
        `is_current`.
        """
        if self._sent_identity is not None:
            return self._sent_identity | {"dtype": self.dtype}
        digest = self._digests.of_tokenizer(self.tokenizer)
        return self._weights() | {"tokenizer": digest, "dtype": self.dtype}

    @property
    def kind(self) -> dict[str, str]:
        """`model_type` and `tokenizer_class`, if they show the model family. Otherwise empty."""
        if self._sent_kind is not None:
            return self._sent_kind
        types = [config.model_type for config in (self.config, self.config.get_text_config())]
        tokenizer = self.tokenizer
        return told_kind(types, tokenizer_kind(type(tokenizer).__name__, tokenizer.bos_token))

    @property
    def is_current(self) -> bool:
        """Whether the folder has the same content as when the identity was first computed."""
        if self._told is None or not self._files.is_folder:
            return True
        try:
            return self._files.identity() == self._told
        except (OSError, ValueError):  # removed, or just being written
            return False

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, loaded on first use."""
        if self._tokenizer is None:
            if self._tokenizer_source is not None:
                source = Checkpoint(self._tokenizer_source)
            else:
                self._weights()
                source = self._files.tokenizer
            self._tokenizer = load_tokenizer(source, self._trust_remote_code)
        return self._tokenizer

    @property
    def config(self) -> Any:
        """The model's configuration; does not load the weights."""
        if self._model is not None or self._checkpoint is None:
            return self.model().config
        if self._config is None:
            self._weights()
            self._config = load_config(self._whole, self._trust_remote_code)
        return self._config

    @property
    def context_length(self) -> int | None:
        """Longest sequence in tokens that the model was built for; `None` where it has no limit."""
        return context_length(self.config.get_text_config())

    @property
    def cost(self) -> StudentCost:
        """What a pass costs; does not load the weights."""
        if self._model is not None:
            return student_cost(self._model)
        return student_cost(
            hollow_model(self._whole, self.config, getattr(torch, self.dtype), self._trust_remote_code)
        )

    def model(self, rank: int | None = None) -> PreTrainedModel:
        """The model, loaded on first use.

        Args:
            rank: number of the worker process; chooses its GPU if no `device` was passed.
        """
        if self._model is None:
            if self._checkpoint is not None:
                check_device(self._device)
            device = self._device_of(rank)
            make_safe_after_fork(device)
            with _loading, plain_default_device():
                if self._model is None:  # another thread may have loaded it meanwhile
                    self._model = self._load(device) if self._sent is None else self._sent.received(device)
        return self._model

    def _load(self, device: str) -> PreTrainedModel:
        told = self._weights()
        model = load_model(
            self._whole, self.config, getattr(torch, self.dtype), device, self._trust_remote_code
        )
        if self._files.base is not None:
            model = with_adapter(model, self._files)
        if self._files.is_folder and self._files.identity() != told:
            raise OSError(
                f"The student folder {self.name!r} has changed since its identity was recorded, or while "
                "it was being loaded. Create a new `Student`, and make sure that nothing writes to the "
                "folder."
            )
        check_computation(model, self.name)
        settle(model)
        check_rows(model, self.name)
        _tell_if_inexact(model, self.name)
        return model

    @property
    def _files(self) -> Checkpoint:
        """The checkpoint, where the model was not given as an object."""
        assert self._checkpoint is not None
        return self._checkpoint

    @property
    def _whole(self) -> Checkpoint:
        """The checkpoint that is no adapter."""
        return self._files.base or self._files

    def _weights(self) -> dict[str, str]:
        """Identity of the weights that are, or are going to be, in memory."""
        if self._sent_identity is not None:
            sent = self._sent_identity
            return {key: value for key, value in sent.items() if key not in ("tokenizer", "dtype")}
        if self._checkpoint is None:
            return {"weights": self._digest_of_given()}
        if self._told is None:
            self._told = self._checkpoint.identity()
        elif self._model is not None and not self._is_overwritten and not self.is_current:
            self._is_overwritten = True
            logger.warning(
                "The folder of the student %s has changed since it was loaded. The scores belong to the "
                "weights that were loaded. To use the new weights, create a new `Student`.",
                self.label,
            )
        return self._told

    def _digest_of_given(self) -> str:
        model = self._model
        if model is None:
            assert self._sent is not None  # a worker that has not received it yet
            return self._sent.digest
        digest = self._digests.of_model(model)
        remember(digest, model)
        return digest

    def _device_of(self, rank: int | None) -> str:
        device = self._device or default_device()
        # A device that was chosen by number stays; a given model was on the sending process's device.
        is_chosen = self._checkpoint is not None and ":" in device
        if rank is not None and device.startswith("cuda") and not is_chosen:
            return f"cuda:{rank % torch.cuda.device_count()}"
        return device

    def __getstate__(self) -> dict[str, Any]:
        state = {
            "_tokenizer_source": self._tokenizer_source,
            "_asked_dtype": self.dtype,
            "_trust_remote_code": self._trust_remote_code,
            "_hashed_identity": self.identity,
            "_digests": Digests(),
        }
        if self._checkpoint is None:
            return state | {"_sent": SentModel(self.name, self.weights)}
        # Made anew, without what it remembers: before and after use it must be the same.
        pinned = dataclasses.replace(self._checkpoint, revision=self._checkpoint.commit)
        return state | {"_checkpoint": pinned}

    def worker_state(self) -> dict[str, Any]:
        return self._shipped_state(in_forked_memory=multiprocess.get_start_method() == "fork")

    def far_state(self) -> dict[str, Any]:
        # Another machine may have a GPU where this one has none: what is left to the device is decided there.
        return self._shipped_state(in_forked_memory=False) | {"_asked_dtype": self._asked_dtype}

    def _shipped_state(self, in_forked_memory: bool) -> dict[str, Any]:
        state = self.__getstate__() | {
            "_device": self._device,
            "_tokenizer": self.tokenizer,
            "_sent_identity": self.identity,
            "_sent_kind": self.kind,
        }
        if self._checkpoint is None:
            key, model = self._memory_key, self.model()
            state["_sent"] = sent_model(model, self.name, self.weights, key, in_forked_memory)
        return state


def _tell_if_inexact(model: PreTrainedModel, name: str) -> None:
    if why := inexact_because(model):
        logger.warning("%s: %s.", name, why)
