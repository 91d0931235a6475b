"""PEFT adapters: from a folder or the Hub with their base model, or as objects."""

import re
import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from transformers import PreTrainedModel

from local_naturalness.student.checkpoint import Checkpoint
from local_naturalness.student.first_pass import evaluating
from local_naturalness.student.identity_in_files import tensor_names
from local_naturalness.student.load_errors import found

_TOLERANCE = 1e-3  # of logits, relative and absolute: between a model and the same model


def with_adapter(base: PreTrainedModel, adapter: Checkpoint) -> PreTrainedModel:
    """Put a saved adapter on its base.

    Raises:
        ImportError: PEFT is not installed.
        ValueError: an adapter that is not inside the layers, or whose weights are not all used.
    """
    try:
        from peft import PeftModel, get_peft_model_state_dict
    except ImportError as error:
        raise ImportError(
            f"{adapter.name!r} is an adapter, which needs PEFT: pip install 'local_naturalness[peft]'"
        ) from error
    weights = adapter.adapter_weights()
    _resize_embeddings(base, weights, adapter.name)
    peft_model = found(adapter.source, lambda: PeftModel.from_pretrained(base, str(weights.parent)))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Setting `save_embedding_layers`")  # as was done when it was saved
        expected = set(get_peft_model_state_dict(peft_model))
    if different := sorted(expected ^ tensor_names(weights)):
        assert adapter.base is not None  # as of every adapter
        raise ValueError(
            f"The adapter {adapter.name!r} does not fit its base {adapter.base.name!r}: `{different[0]}` is "
            f"{'expected and missing' if different[0] in expected else 'left over'}."
        )
    return inner_model(peft_model).eval()


def _resize_embeddings(base: PreTrainedModel, weights: Path, name: str) -> None:
    """Give the base as many token embeddings as it had in training, if the adapter was saved with them.

    Whoever adds tokens resizes the base before adapting it. PEFT then saves the embeddings with the adapter.
    """
    layers = [base.get_input_embeddings(), base.get_output_embeddings()]
    paths = [path for path, module in base.named_modules() if any(module is layer for layer in layers)]
    with safe_open(weights, framework="pt") as file:
        rows = {
            path: file.get_slice(key).get_shape()[0]
            for path in paths
            for key in file.keys()
            if re.fullmatch(rf"base_model\.model\.{re.escape(path)}(\.base_layer)?\.weight", key)
        }
    if set(rows.values()) <= {len(layers[0].weight)}:
        return
    is_tied = layers[1] is None or layers[0].weight is layers[1].weight
    if len(set(rows.values())) > 1 or not (is_tied or len(rows) == len(paths)):
        raise ValueError(
            f"The adapter {name!r} was saved with other embeddings than its base has, but not with all of "
            "them. Merge adapter and base where they were trained (`model.merge_and_unload()`) and save it."
        )
    base.resize_token_embeddings(max(rows.values()), mean_resizing=False)  # all rows are those of the adapter


def is_peft(model: Any) -> bool:
    """Whether an object is a model of PEFT around one of transformers."""
    peft = sys.modules.get("peft")  # whoever has such an object has imported it
    return peft is not None and isinstance(model, peft.PeftModel | peft.PeftMixedModel)


def inner_model(peft_model: Any) -> PreTrainedModel:
    """The model of transformers inside, whose layers hold the adapters.

    Raises:
        ValueError: the adapter also does something around that model.
    """
    configs = list(peft_model.peft_config.values())
    kinds = sorted({str(getattr(config.peft_type, "value", config.peft_type)) for config in configs})
    told = f"The student has an adapter of the kind {' and '.join(kinds)}, which"
    if any(config.is_prompt_learning for config in configs):
        raise ValueError(
            f"{told} puts trained vectors before every text, so windows would begin with them too. Students "
            "may have adapters inside the layers, such as LoRA."
        )
    if any(getattr(config, "alora_invocation_tokens", None) for config in configs):
        raise ValueError(
            f"{told} is switched on by tokens of the text (`alora_invocation_tokens`), so a window does not "
            "show whether it is on. Students may have adapters that are always on, such as LoRA."
        )
    # A model with adapters of several kinds has no method for it, and holds them all inside the layers.
    inner = (
        peft_model.get_base_model() if hasattr(peft_model, "get_base_model") else peft_model.base_model.model
    )
    ids = torch.arange(1, 9, device=inner.device)[None] % inner.config.get_text_config().vocab_size
    try:
        with evaluating(peft_model):
            whole, again = (peft_model(input_ids=ids).logits for _ in range(2))
            part = inner(input_ids=ids).logits
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{told} does not compute from the tokens of a text alone ({type(error).__name__}: {error})."
        ) from error
    if not torch.allclose(whole, again, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise ValueError(
            f"{told} draws random numbers, so scores would not be reproducible. Switch that off in its "
            "configuration."
        )
    if not torch.allclose(whole, part, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise ValueError(
            f"{told} also changes what happens around the layers. Students may have adapters inside the "
            "layers, such as LoRA; merge this one (`model.merge_and_unload()`) if it can be merged."
        )
    return inner
