"""The student: which model and tokenizer, at which commit, on which device. Loaded when first needed."""

import atexit
import copy
import os
import tempfile
import threading
import uuid
import weakref
from typing import Any

import multiprocess
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer, PreTrainedModel

from local_naturalness.student import identity
from local_naturalness.student.cost import StudentCost, student_cost
from local_naturalness.student.devices import check_device, check_given, default_device, dtype_name
from local_naturalness.student.forking import make_safe_after_fork
from local_naturalness.student.reachable import require_copy_or_hub
from local_naturalness.student.shipping import Shipped

# Models given as objects, by a key and by digest: forked workers and copies find them here.
_loaded_models: "weakref.WeakValueDictionary[str, PreTrainedModel]" = weakref.WeakValueDictionary()
_saved_models: dict[str, tempfile.TemporaryDirectory[str]] = {}
# One load at a time: transformers sets torch's default number type for as long as it takes, for all threads.
_loading = threading.Lock()
os.register_at_fork(
    before=_loading.acquire, after_in_parent=_loading.release, after_in_child=_loading.release
)


class Student(Shipped):
    """The model that is going to be trained, whose likelihoods are the scores.

    Nothing is loaded before it is needed. A model that is passed as an object is never moved, cast or left
    changed.

    Args:
        model (`str` or `PreTrainedModel`):
            Hub id, path of a local folder (safetensors only), or a loaded causal language model.
        tokenizer (`str` or tokenizer, *optional*):
            Defaults to the tokenizer saved with the model. Needed with a loaded model.
        revision (`str`, *optional*):
            Branch, tag or commit of a hub id. `None` is the default branch. It is resolved to a commit.
        device (`str` or `torch.device`, *optional*):
            `None` is the GPU if there is one (one per worker with `map(..., with_rank=True)`), else the CPU.
            `"auto"` spreads a large model over several GPUs (needs accelerate).
        dtype (`str` or `torch.dtype`, *optional*, defaults to `"auto"`):
            `"auto"` is bfloat16 on a GPU and float32 on a CPU.
        trust_remote_code (`bool`, *optional*, defaults to `False`):
            Whether code from the model's repository may run.

    Raises:
        TypeError: `model` is neither a string nor a transformers model.
        ValueError: a loaded model without `tokenizer`, or whose device or dtype differ from those asked for.

    Example:

    ```python
    >>> from local_naturalness import Student
    >>> from local_naturalness.embedded import student_path
    >>> student = Student(student_path())
    >>> student.context_length
    1024

    ```
    """

    _source: str | None = None  # hub id or folder; None where the model was given as an object
    _model: PreTrainedModel | None = None
    _config: Any = None
    _tokenizer_source: str | None = None
    _tokenizer: Any = None
    _device: str | None = None
    _memory_key: str | None = None  # where a forked worker finds a given model
    _saved_folder: str | None = None  # where a spawned worker finds it
    _sent_identity: dict[str, str] | None = None  # set in workers: as the sending process found it

    def __init__(
        self,
        model: str | PreTrainedModel,
        *,
        tokenizer: Any = None,
        revision: str | None = None,
        device: str | torch.device | None = None,
        dtype: str | torch.dtype = "auto",
        trust_remote_code: bool = False,
    ):
        if isinstance(model, str | os.PathLike):
            check_device(device)
            self._source = os.fspath(model)
        else:
            check_given(model, tokenizer, device, dtype)
            self._model = model
            self._memory_key = uuid.uuid4().hex
            _loaded_models[self._memory_key] = model
            device, dtype = model.device, model.dtype
        if isinstance(tokenizer, str):
            self._tokenizer_source = tokenizer
        else:
            self._tokenizer = tokenizer
        self._revision = revision
        self._device = None if device is None else str(device)
        self._dtype = dtype_name(dtype, self._device)
        self._trust_remote_code = trust_remote_code
        self._digests: dict[str, tuple[Any, str]] = {}

    @property
    def name(self) -> str:
        """Short name without a path: the hub id, or the last part of the folder's name."""
        if self._source is not None:
            is_folder = os.path.isdir(self._source)
            return os.path.basename(os.path.abspath(self._source)) if is_folder else self._source
        if self._model is None:
            return self._given_name
        return os.path.basename(self._model.name_or_path.rstrip("/\\")) or type(self._model).__name__

    @property
    def weights(self) -> str:
        """Commit of a hub id, or digest of the weights of a folder or loaded model."""
        if self._sent_identity is not None:
            return self._sent_identity["weights"]
        if self._source is None:
            return self._given_weights()
        if os.path.isdir(self._source):
            return identity.folder_digest(self._source)
        return self._once("weights", None, self._commit)

    @property
    def dtype(self) -> str:
        """Name of the number type that the model computes in, such as `"float32"`."""
        return self._dtype

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
        """What scores depend on: weights, tokenizer with chat template, number type."""
        if self._sent_identity is not None:
            return self._sent_identity
        return {
            "weights": self.weights,
            "tokenizer": self._once(
                "tokenizer",
                (
                    len(self.tokenizer),
                    self.tokenizer.chat_template,
                    self.tokenizer.bos_token_id,
                    self.tokenizer.eos_token_id,
                ),
                lambda: identity.tokenizer_digest(self.tokenizer),
            ),
            "dtype": self.dtype,
        }

    @property
    def tokenizer(self) -> Any:
        """The tokenizer, loaded on first use."""
        if self._tokenizer is None:
            source = self._tokenizer_source or self._source
            revision = self._pinned_revision() if source == self._source else None
            self._tokenizer = _found(
                source,
                lambda: AutoTokenizer.from_pretrained(
                    source, revision=revision, trust_remote_code=self._trust_remote_code
                ),
            )
        return self._tokenizer

    @property
    def config(self) -> Any:
        """The model's configuration; does not load the weights."""
        if self._model is not None or self._source is None:
            return self.model().config
        if self._config is None:
            self._config = _found(
                self._source,
                lambda: AutoConfig.from_pretrained(
                    self._source,
                    revision=self._pinned_revision(),
                    trust_remote_code=self._trust_remote_code,
                ),
            )
        return self._config

    @property
    def context_length(self) -> int | None:
        """Longest sequence in tokens that the model was built for; `None` where it has no limit."""
        return getattr(self.config.get_text_config(), "max_position_embeddings", None)

    @property
    def cost(self) -> StudentCost:
        """What a pass costs; does not load the weights."""
        if self._model is not None:
            return student_cost(self._model)
        with torch.device("meta"):
            hollow = AutoModelForCausalLM.from_config(
                self.config, dtype=getattr(torch, self._dtype), trust_remote_code=self._trust_remote_code
            )
        return student_cost(hollow)

    def model(self, rank: int | None = None) -> PreTrainedModel:
        """The model, loaded on first use.

        Args:
            rank: number of the worker process; chooses its GPU where no device was asked for.
        """
        if self._model is None:
            make_safe_after_fork(self._device_of(rank))
            with _loading:
                if self._model is None:  # another thread may have loaded it meanwhile
                    self._model = self._inherited(rank) if self._source is None else self._load(rank)
        return self._model

    def _load(self, rank: int | None) -> PreTrainedModel:
        device = self._device_of(rank)
        model = _found(
            self._source,
            lambda: AutoModelForCausalLM.from_pretrained(
                self._source,
                revision=self._pinned_revision(),
                dtype=getattr(torch, self._dtype),
                trust_remote_code=self._trust_remote_code,
                use_safetensors=True,
                **({"device_map": "auto"} if device == "auto" else {}),
            ),
        )
        return (model if device == "auto" else model.to(device)).eval()

    def _inherited(self, rank: int | None) -> PreTrainedModel:
        """A model that was given as an object to the process that this one came from."""
        for key in (self._memory_key, self._given_digest):
            if key in _loaded_models:
                return _loaded_models[key]
        if self._saved_folder is None:
            raise RuntimeError(
                f"The student {self._given_name!r} was passed as a loaded model, and a pickle of it holds a "
                "digest only. Save it with `model.save_pretrained(folder)` and pass the folder, so that "
                "other processes can load it."
            )
        model = self._model_class.from_pretrained(
            self._saved_folder,
            dtype=getattr(torch, self._dtype),
            attn_implementation=self._attention,
        )
        return model.to(self._device_of(rank)).eval()

    def _device_of(self, rank: int | None) -> str:
        device = self._device or default_device()
        # A device that was chosen by number stays; a given model was on the sending process's device.
        is_chosen = self._source is not None and ":" in device
        if rank is not None and device.startswith("cuda") and not is_chosen:
            return f"cuda:{rank % torch.cuda.device_count()}"
        return device

    def _given_weights(self) -> str:
        if self._model is None:
            return self._given_digest
        digest = self._once(
            "weights",
            identity.model_fingerprint(self._model),
            lambda: identity.model_digest(self._model),
        )
        _loaded_models[digest] = self._model
        return digest

    def _commit(self) -> str:
        return _found(self._source, lambda: identity.hub_commit(self._source, self._revision))

    def _pinned_revision(self) -> str | None:
        return None if os.path.isdir(self._source) else self.weights

    def _once(self, key: str, state: Any, compute: Any) -> str:
        """Value of `compute()`, computed again only when `state` is another one."""
        if key not in self._digests or self._digests[key][0] != state:
            self._digests[key] = (state, compute())
        return self._digests[key][1]

    def __getstate__(self) -> dict[str, Any]:
        state = {
            "_source": self._source,
            "_revision": None if self._source is None else self.weights,
            "_tokenizer_source": self._tokenizer_source,
            "_dtype": self._dtype,
            "_trust_remote_code": self._trust_remote_code,
            "_hashed_identity": self.identity,
            "_digests": {},
        }
        if self._source is None:
            state |= {"_given_digest": self.weights, "_given_name": self.name}
        return state

    def worker_state(self) -> dict[str, Any]:
        state = self.__getstate__() | {
            "_device": self._device,
            "_tokenizer": self.tokenizer,
            "_sent_identity": self.identity,
        }
        if self._source is None:
            model = self.model()
            state |= {
                "_memory_key": self._memory_key,
                "_saved_folder": _saved_for_spawn(self.weights, model),
                "_model_class": type(model),
                "_attention": model.config._attn_implementation,
            }
        return state


def _found(source: str, load: Any) -> Any:
    """Call a loader; say in one sentence when there is nothing at `source`."""
    looks_like_path = source.startswith((".", "/", "~")) or source.count("/") > 1
    if looks_like_path and not os.path.isdir(source):
        raise FileNotFoundError(f"There is no student folder at {source!r}.")
    try:
        if not os.path.isdir(source):
            require_copy_or_hub(source)
        return load()
    except OSError as error:
        if isinstance(error, FileNotFoundError) and os.path.isdir(source):
            raise
        raise OSError(
            f"The student {source!r} could not be loaded: it is neither a local folder with a model nor a "
            f"model on the Hub that can be reached. ({str(error).splitlines()[0]})"
        ) from error


def _saved_for_spawn(digest: str, model: PreTrainedModel) -> str | None:
    """Folder from which spawned workers load a model that was given as an object.

    A forked worker finds the model in memory, so nothing is written for it.
    """
    if multiprocess.get_start_method() == "fork":
        return None
    if digest not in _saved_models:
        folder = tempfile.TemporaryDirectory(prefix="local_naturalness_")
        atexit.register(folder.cleanup)
        config = copy.deepcopy(model.config.__dict__)
        model.save_pretrained(folder.name)
        model.config.__dict__.update(config)  # saving notes the class and dtype in it
        _saved_models[digest] = folder
    return _saved_models[digest].name
