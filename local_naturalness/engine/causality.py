"""How much scores depend on later tokens, by their gradients.

If a later token is changed, a small effect may be lost in the rounding of half precision, or be taken for it.
A gradient shows it at any size: that of a hidden token is exactly zero.
"""

import logging
from typing import Any

import numpy as np
import torch

from local_naturalness.engine.projection import Projection

logger = logging.getLogger(__name__)


def share_of_later_tokens(student: Projection, ids: np.ndarray) -> float | None:
    """Largest gradient of the scores of the first half of a text at later tokens, over that at earlier ones.

    Args:
        student: projection of the twin of a model.
        ids: token ids of the text.

    Returns:
        0 for a causal model. `None` if the model has no gradients, as with some kernels of quantised layers.
    """
    half = len(ids) // 2
    embedded: list[torch.Tensor] = []

    def keep(_: Any, __: Any, output: torch.Tensor) -> torch.Tensor:
        embedded.append(output.detach().requires_grad_())
        return embedded[-1].clone()  # some models write into it

    text = torch.from_numpy(ids).to(student.model.device)
    handle = student.model.get_input_embeddings().register_forward_hook(keep)
    try:
        with torch.inference_mode(False), torch.enable_grad():
            states = student.states(input_ids=text[None])
            scores = torch.stack(
                [
                    -torch.nn.functional.cross_entropy(logits, text[1 : half + 1].to(logits.device))
                    for _, logits in student.pieces(states[0, :half])
                ]
            )
            (gradient,) = torch.autograd.grad(scores.sum(), embedded)
    except Exception as error:  # models of all kinds: whatever they raise, scores are compared as well
        logger.debug("%s has no gradients: %s", type(student.model).__name__, error)
        return None
    finally:
        handle.remove()
    by_token = gradient.float().abs().reshape(len(ids), -1).amax(1)
    share = float(by_token[half:].max() / by_token[:half].max())
    return share if np.isfinite(share) else None
