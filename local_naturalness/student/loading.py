"""Loads the parts of a checkpoint, and checks that the model in memory is the one that was saved."""

import functools
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForImageTextToText,
    AutoModelForMultimodalLM,
    AutoTokenizer,
    PreTrainedModel,
)

from local_naturalness.student.checkpoint import Checkpoint
from local_naturalness.student.folder_files import check_links
from local_naturalness.student.language_part import remove_other_parts, without_other_parts
from local_naturalness.student.load_errors import found, some
from local_naturalness.student.suitability import check_architecture, check_words

# Classes for text come first, because they leave the rest of a checkpoint on disk.
_AUTO_CLASSES = (AutoModelForCausalLM, AutoModelForImageTextToText, AutoModelForMultimodalLM)
_OF_TOKENIZER = ("*.json", "*.model", "*.jinja", "*.txt")
# Tensors in old checkpoints that follow from the configuration.
_FOLLOWING = re.compile(r"(rotary_emb\.inv_freq|\.masked_bias|\.attn\.bias|\.attention\.bias)$")


def load_config(checkpoint: Checkpoint, trust_remote_code: bool) -> Any:
    """The configuration in a checkpoint that is not an adapter."""
    return _load(AutoConfig, checkpoint, trust_remote_code)


def load_tokenizer(checkpoint: Checkpoint, trust_remote_code: bool) -> Any:
    """The tokenizer in a checkpoint.

    Raises:
        OSError: files are missing, or links to them lead nowhere.
        ValueError: the files are damaged, or the tokenizer has special tokens only.
    """
    if checkpoint.is_folder and checkpoint.gguf_file is None:
        check_links(Path(checkpoint.source), _OF_TOKENIZER)
    try:
        tokenizer = _load(AutoTokenizer, checkpoint, trust_remote_code)
    except ValueError as error:
        raise ValueError(f"{error} If it was saved without its tokenizer, pass `tokenizer=`.") from error
    check_words(tokenizer, checkpoint.name)
    return tokenizer


def load_model(
    checkpoint: Checkpoint, config: Any, dtype: torch.dtype, device: str, trust_remote_code: bool
) -> PreTrainedModel:
    """Load a checkpoint that is not an adapter, in evaluation mode.

    Args:
        checkpoint: the checkpoint to load.
        config: configuration of the model.
        dtype: dtype of the model.
        device: device of the model. `"auto"` spreads it over several GPUs.
        trust_remote_code: whether code from its repository may run.

    Raises:
        TypeError: the class has no language head.
        ValueError: tensors are missing or left over, or have other shapes than the configuration says.
    """
    check_architecture(config, config.architectures or (), checkpoint.name)
    is_quantised = getattr(config, "quantization_config", None) is not None
    # Quantised layers must be created on their final device.
    placed = {"device_map": device} if device == "auto" or is_quantised else {}

    def load(loader: Any, **settings: Any) -> PreTrainedModel:
        model, info = _load(
            loader,
            checkpoint,
            trust_remote_code,
            dtype=dtype,
            use_safetensors=True,
            ignore_mismatched_sizes=True,  # reported below, in one sentence
            output_loading_info=True,
            **placed,
            **settings,
        )
        _check_complete(model, info, checkpoint)
        return model if placed else model.to(device)

    loader = _auto_class(config, checkpoint.name)
    model = without_other_parts(loader, config, load) if _has_other_parts(config) else load(loader)
    return _in_memory(model).eval()


def hollow_model(checkpoint: Checkpoint, config: Any, dtype: torch.dtype, trust: bool) -> PreTrainedModel:
    """The model without its weights, on the device `meta`."""
    check_architecture(config, config.architectures or (), checkpoint.name)
    with torch.device("meta"):
        model = _auto_class(config, checkpoint.name).from_config(config, dtype=dtype, trust_remote_code=trust)
    if _has_other_parts(config):
        remove_other_parts(model)
    return model


def _load(auto_class: Any, checkpoint: Checkpoint, trust_remote_code: bool, **settings: Any) -> Any:
    gguf = {"gguf_file": checkpoint.gguf_file} if checkpoint.gguf_file else {}
    from_pretrained = functools.partial(
        auto_class.from_pretrained,
        checkpoint.source,
        revision=checkpoint.commit,
        trust_remote_code=trust_remote_code,
        **gguf,
        **settings,
    )
    return found(checkpoint.source, from_pretrained)


def _auto_class(config: Any, name: str) -> Any:
    for auto in _AUTO_CLASSES:
        if type(config) in auto._model_mapping or auto.__name__ in (getattr(config, "auto_map", None) or {}):
            return auto
    classes = ", ".join(config.architectures or ()) or "no class"
    raise TypeError(
        f"The student {name!r} is of the type {config.model_type!r} ({classes}), for which transformers "
        "has no causal language model."
    )


def _has_other_parts(config: Any) -> bool:
    return config.get_text_config() is not config


def _in_memory(model: PreTrainedModel) -> PreTrainedModel:
    """Copy weights that are memory-mapped from a file, so that overwriting the file cannot change them."""
    for tensor in [*model.parameters(), *model.buffers()]:
        if tensor.device.type == "cpu":
            tensor.data = tensor.data.clone()
    return model


def _check_complete(model: PreTrainedModel, info: Mapping[str, Any], checkpoint: Checkpoint) -> None:
    """Refuse a model if weights were not in the files, or if weights in the files were not loaded."""
    name = checkpoint.name
    of = (
        f"(class {type(model).__name__}, saved as {', '.join(model.config.architectures or ()) or 'unknown'})"
    )
    if mismatched := sorted(info["mismatched_keys"]):
        tensor, saved, expected = mismatched[0]
        raise ValueError(
            f"The configuration of the student {name!r} does not fit its weights: `{tensor}` is "
            f"{_shape(saved)} in the files and {_shape(expected)} by config.json {of}."
        )
    if missing := sorted(info["missing_keys"]):
        raise ValueError(
            f"The weights of the student {name!r} lack {_listed(missing)} {of}. Random numbers would take "
            "their place: save the whole model, with its own class."
        )
    left_over = _left_over(model, info["unexpected_keys"])
    if left_over := sorted({*left_over} - _zero_biases(checkpoint, left_over)):
        raise ValueError(
            f"The configuration of the student {name!r} does not fit its weights: its language model has no "
            f"place for {_listed(left_over)} {of}."
        )


def _left_over(model: PreTrainedModel, unexpected: Any) -> list[str]:
    """Tensors that were not loaded although they belong to layers of the language model or to its head."""
    decoder = next((path for path, module in model.named_modules() if module is model.get_decoder()), "")
    stacks = {
        path: len(module)
        for path, module in model.named_modules()
        if isinstance(module, torch.nn.ModuleList) and path.startswith(decoder)
    }
    further = getattr(model.config.get_text_config(), "num_nextn_predict_layers", None) or 0
    # Embeddings, the last norm and the head, of which the files may hold more than the model has.
    single = {
        path
        for path, module in model.named_modules()
        if module._parameters and (path.startswith(decoder) or module is model.get_output_embeddings())
    }
    return sorted(
        key
        for key in unexpected
        if not _FOLLOWING.search(key)
        and (
            key.rpartition(".")[0] in single
            or any(
                (match := re.match(rf"{re.escape(path)}\.(\d+)\.", key))
                and not length <= int(match[1]) < length + further
                for path, length in stacks.items()
            )
        )
    )


def _zero_biases(checkpoint: Checkpoint, names: list[str]) -> set[str]:
    """Those that change nothing. Old checkpoints of GPTQ hold one for every layer."""
    biases = {name for name in names if name.endswith(".bias")}
    zero: set[str] = set()
    for path in checkpoint.folder().glob("*.safetensors") if biases else ():
        with safe_open(path, framework="pt") as file:
            zero |= {name for name in biases & {*file.keys()} if not file.get_tensor(name).any()}
    return zero


def _listed(names: list[str]) -> str:
    return some([f"`{name}`" for name in names])


def _shape(sizes: Any) -> str:
    return " x ".join(map(str, sizes))
