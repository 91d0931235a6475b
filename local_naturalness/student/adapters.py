"""PEFT adapters: from a folder or the Hub with their base model, or as objects."""

import sys
from typing import Any

import torch
from transformers import PreTrainedModel

from local_naturalness.student.checkpoint import Checkpoint
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
    peft_model = found(adapter.source, lambda: PeftModel.from_pretrained(base, str(weights.parent)))
    expected = set(get_peft_model_state_dict(peft_model))
    if different := sorted(expected ^ tensor_names(weights)):
        assert adapter.base is not None  # as of every adapter
        raise ValueError(
            f"The adapter {adapter.name!r} does not fit its base {adapter.base.name!r}: `{different[0]}` is "
            f"{'expected and missing' if different[0] in expected else 'left over'}."
        )
    return inner_model(peft_model).eval()


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
            f"{told} puts trained vectors before every text, so that windows would begin elsewhere. Students "
            "may have adapters inside the layers, such as LoRA."
        )
    if any(getattr(config, "alora_invocation_tokens", None) for config in configs):
        raise ValueError(
            f"{told} is switched on by tokens of the text (`alora_invocation_tokens`), so that a window "
            "would not tell whether it is on. "
            "Students may have adapters that are on throughout, such as LoRA."
        )
    inner = peft_model.get_base_model()
    ids = torch.arange(1, 9, device=inner.device)[None] % inner.config.get_text_config().vocab_size
    training = [module for module in peft_model.modules() if module.training]
    peft_model.eval()
    try:
        with torch.no_grad():
            whole, again = (peft_model(input_ids=ids).logits for _ in range(2))
            part = inner(input_ids=ids).logits
    except (AttributeError, TypeError, ValueError) as error:
        raise ValueError(
            f"{told} does not compute from the tokens of a text alone ({type(error).__name__}: {error})."
        ) from error
    finally:
        for module in training:
            module.training = True
    if not torch.allclose(whole, again, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise ValueError(
            f"{told} draws random numbers, so that scores would not be reproducible. Switch that off in its "
            "configuration."
        )
    if not torch.allclose(whole, part, rtol=_TOLERANCE, atol=_TOLERANCE):
        raise ValueError(
            f"{told} also changes what happens around the layers. Students may have adapters inside the "
            "layers, such as LoRA; merge this one (`model.merge_and_unload()`) if it can be merged."
        )
    return inner
