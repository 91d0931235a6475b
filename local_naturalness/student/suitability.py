"""Refuses models that cannot be a student, before anything is scored."""

import functools
import sys
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass
from transformers.models.auto import modeling_auto

from local_naturalness.student.adapter_state import is_of_peft
from local_naturalness.student.first_pass import evaluating

# Tables of transformers whose classes predict the next token of a text.
_WITH_LANGUAGE_HEAD = (
    "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES",
    "MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES",
    "MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES",
)
# Layers of torch's own quantisation: dynamic ones choose their scale from the whole batch.
_TORCH_QUANTISED = ("torch.ao.nn.quantized", "torch.nn.quantized")

_TOLERANCE = 0.05  # of the largest output of a layer: more than rounding in half precision


def check_architecture(config: Any, class_names: Iterable[str], name: str) -> None:
    """Refuse a model that does not predict the next token of a text from those before it.

    Args:
        config: of the model.
        class_names: of the model object, or of what was saved.
        name: of the student, for the message.

    Raises:
        TypeError: an encoder-decoder, or a class with another head or none.
    """
    if getattr(config, "is_encoder_decoder", False):
        told = ", ".join(class_names) or config.model_type
        raise TypeError(
            f"The student {name!r} is an encoder-decoder ({told}): its encoder sees a text as a whole. A "
            "student is a causal language model, such as LlamaForCausalLM."
        )
    for class_name in class_names:
        if _has_language_head(class_name) is False:
            raise TypeError(
                f"The student {name!r} is a {class_name}, which has no head that predicts the next token "
                "from those before it. A student is a causal language model, such as LlamaForCausalLM."
            )


def check_computation(model: torch.nn.Module, name: str) -> None:
    """Refuse layers that are compiled, or that compute a row differently beside other rows.

    Raises:
        ValueError: naming the layer.
    """
    for path, module in model.named_modules():
        layer = f"`{path}` of the student {name!r}" if path else f"The student {name!r}"
        if getattr(module, "_compiled_call_impl", None) is not None or is_compiled(module):
            raise ValueError(
                f"{layer} is compiled in place, and a compiled layer cannot be scored in batches of many "
                "shapes: pass the model as it was before, or the folder that it was loaded from."
            )
        if type(module).__module__.startswith(_TORCH_QUANTISED):
            raise ValueError(
                f"{layer} is quantised by torch ({type(module).__name__}), which takes its scale from all "
                "rows of a batch, so scores would depend on the other rows of the batch. Pass the model as "
                "it was before, or one with quantised weights (torchao, GPTQ, AWQ)."
            )


def check_rows(model: torch.nn.Module, name: str) -> None:
    """Refuse quantised layers that take one scale for all rows that they read.

    Passes of a whole model hardly show it: they differ by as much as rounding moves them.

    Raises:
        ValueError: naming the layer.
    """
    if inexact_because(model) is not None:
        return  # told, and measured
    with evaluating(model):
        for path, layer in model.named_modules():
            if _may_quantise(layer) and _depends_on_other_rows(layer, model):
                raise ValueError(
                    f"`{path}` of the student {name!r} ({type(layer).__name__}) quantises what it reads by "
                    "one scale for all rows, so scores would depend on the other rows of the batch. Use a "
                    "scale for each token, or quantise the weights alone."
                )


def _may_quantise(layer: torch.nn.Module) -> bool:
    """Whether a layer multiplies rows, and is not plain or an adapter around another layer."""
    if type(getattr(layer, "in_features", None)) is not int or is_of_peft(layer):
        return False
    is_plain = type(layer) is torch.nn.Linear and "forward" not in vars(layer)
    return not is_plain or is_traceable_wrapper_subclass(layer.weight)


def _depends_on_other_rows(layer: Any, model: Any) -> bool:
    """Whether a row gives something else beside a row of much larger numbers."""
    row = (torch.arange(layer.in_features, device=model.device) * 0.7).sin().to(model.dtype)[None] / 100
    try:
        alone, beside = layer(row), layer(torch.cat([row, 1e5 * row]))[:1]
    except Exception:  # a layer that takes other inputs
        return False
    return bool((alone - beside).abs().max() > _TOLERANCE * alone.abs().max())


def check_words(tokenizer: Any, name: str) -> None:
    """Refuse a tokenizer that knows no words.

    Where its files are missing, transformers makes one of special tokens alone for many types, in silence.

    Raises:
        ValueError: no token besides special ones has a letter or digit.
    """
    special = {*tokenizer.all_special_tokens, *getattr(tokenizer, "added_tokens_encoder", ())}
    if not any(token not in special and any(map(str.isalnum, token)) for token in tokenizer.get_vocab()):
        raise ValueError(
            f"The tokenizer of the student {name!r} ({type(tokenizer).__name__}) knows no words, because its "
            "files are missing, such as `tokenizer.json`. Pass `tokenizer=`, the one that the student was "
            "trained with."
        )


def check_token_ids(model: Any, texts: Iterable[np.ndarray]) -> None:
    """Refuse tokens that a student has no embedding for: its tokenizer has got more since it was trained.

    A tokenizer may know such tokens as long as no text holds them, as that of Gemma 3 does.

    Args:
        model: the student.
        texts: token ids.

    Raises:
        ValueError: with both numbers.
    """
    size = _num_tokens(model)
    largest = max((int(ids.max()) for ids in texts if len(ids)), default=-1)
    if size is not None and largest >= size:
        raise ValueError(
            f"The tokenizer gives token ids up to {largest}, and the student has embeddings for {size} "
            "tokens. Use the tokenizer that the student was trained with, or give the new ones embeddings "
            f"(`model.resize_token_embeddings({largest + 1})`) and train them."
        )


def _num_tokens(model: Any) -> int | None:
    """Tokens that a student can read and predict; `None` where its layers do not tell."""
    layers = (
        (model.get_input_embeddings(), "num_embeddings"),
        (model.get_output_embeddings(), "out_features"),
    )
    sizes = [getattr(layer, name, None) or _rows(getattr(layer, "weight", None)) for layer, name in layers]
    return min((size for size in sizes if size), default=None)


def _rows(weight: Any) -> int | None:
    """Of a matrix; an adapter around an embedding tells no size of its own."""
    return len(weight) if isinstance(weight, torch.Tensor) and weight.dim() == 2 else None


def inexact_because(model: torch.nn.Module) -> str | None:
    """Why scores of a model depend a little on what else is in a batch, if they do by construction."""
    method = getattr(getattr(model, "quantization_method", None), "value", None)
    if getattr(model, "is_loaded_in_8bit", False) or method == "llm_int8":
        return (
            "8-bit layers of bitsandbytes choose from a whole batch which columns are computed in 16 bits: "
            "scores vary a little with the other rows of the batch"
        )
    return None


def is_compiled(module: torch.nn.Module) -> bool:
    """Whether a module is what `torch.compile(module)` returned."""
    # Whoever compiled has imported it; importing it here would take seconds.
    frame = sys.modules.get("torch._dynamo.eval_frame")
    return frame is not None and isinstance(module, frame.OptimizedModule)


@functools.cache
def _has_language_head(class_name: str) -> bool | None:
    """Whether a class of transformers has one; `None` for a class that transformers does not know."""
    tables = {
        table: {name for entry in names.values() for name in ([entry] if isinstance(entry, str) else entry)}
        for table, names in vars(modeling_auto).items()
        if table.endswith("_MAPPING_NAMES")
    }
    if any(class_name in tables.get(table, ()) for table in _WITH_LANGUAGE_HEAD):
        return True
    return False if any(class_name in names for names in tables.values()) else None
