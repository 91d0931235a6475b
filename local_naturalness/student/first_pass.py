"""A first pass, in which the layers of some quantisers unpack, repack or move their weights."""

import torch
from transformers import PreTrainedModel

_OWN_PACKAGES = {"torch", "transformers", "peft"}


def settle(model: PreTrainedModel) -> None:
    """Let layers do what they put off until their first pass, so that they are then identified as they stay.

    A model of layers of torch, transformers and PEFT alone is left as it is, unless it is quantised.
    """
    homes = {type(module).__module__.partition(".")[0] for module in model.modules()}
    if homes <= _OWN_PACKAGES and getattr(model.config, "quantization_config", None) is None:
        return
    ids = torch.arange(1, 9, device=model.device)[None] % model.config.get_text_config().vocab_size
    training = [module for module in model.modules() if module.training]
    try:
        with torch.no_grad():
            model.eval()(input_ids=ids)
    except Exception:  # of any layer; checks that follow tell what a model cannot do
        return
    finally:
        for module in training:
            module.training = True
