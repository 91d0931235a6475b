"""A first pass, in which the layers of some quantisers unpack, repack or move their weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from local_naturalness.student.packed_layers import kept_unpacked

_OWN_PACKAGES = {"torch", "transformers", "peft"}


def settle(model: PreTrainedModel) -> None:
    """Let layers do what they put off until their first pass, so that they are then identified as they stay.

    A model of layers of torch, transformers and PEFT alone is left as it is, unless it is quantised.
    """
    homes = {type(module).__module__.partition(".")[0] for module in model.modules()}
    if homes <= _OWN_PACKAGES and getattr(model.config, "quantization_config", None) is None:
        return
    ids = torch.arange(1, 9, device=model.device)[None] % model.config.get_text_config().vocab_size
    try:
        with evaluating(model):
            model(input_ids=ids)
    except Exception:  # of any layer; checks that follow tell what a model cannot do
        return


@contextmanager
def evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Put a model into evaluation mode, without gradients, and leave it as it was."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.no_grad(), kept_unpacked(model):
            yield
    finally:
        for module in training:
            module.training = True
