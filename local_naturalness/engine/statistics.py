"""Statistics of tokens under the distributions that predict them."""

from collections.abc import Callable, Sequence

import torch

# LARK renormalises on this many tokens (arXiv 2605.30651).
BRIER_TOP = 50


def token_statistics(
    logits: torch.Tensor, target: torch.Tensor, statistics: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Statistics of tokens, chosen by name.

    Args:
        logits: `[tokens, vocabulary]`, of any precision; statistics are computed in float32.
        target: `[tokens]` ids.
        statistics: names out of `log_prob` (nats), `rank` (1 + number of likelier tokens), `brier`,
            `entropy` (nats).

    Returns:
        `[tokens]` per name.

    >>> logits = torch.tensor([[0.0, 0.0, 1.0]])
    >>> token_statistics(logits, torch.tensor([1]), ["rank"])["rank"]
    tensor([2])
    """
    logits = logits.float()
    target_logit = logits.gather(1, target[:, None])
    formulas: dict[str, Callable[[], torch.Tensor]] = {
        "log_prob": lambda: target_logit[:, 0] - logits.logsumexp(1),
        "rank": lambda: 1 + (logits > target_logit).sum(1),
        "brier": lambda: _brier(logits, target),
        "entropy": lambda: _entropy(logits),
    }
    return {name: formulas[name]() for name in statistics}


def _brier(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    top, tokens = logits.topk(min(BRIER_TOP, logits.shape[1]), dim=1)
    q = top.softmax(1)
    q_target = (q * (tokens == target[:, None])).sum(1)
    return 1 - 2 * q_target + q.square().sum(1)


def _entropy(logits: torch.Tensor) -> torch.Tensor:
    log_p = logits.log_softmax(1)
    return -(log_p.exp() * log_p).sum(1)
