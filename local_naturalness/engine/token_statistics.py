"""Statistics of tokens under the distributions that predict them.

With a vocabulary of 152K, every pass over the logits takes time. So values that several statistics need are
computed once, and the logits are never sorted as a whole.
"""

import math
from collections.abc import Callable, Sequence
from functools import cached_property

import torch

# LARK renormalises on this many tokens (arXiv 2605.30651).
BRIER_TOP = 50
# Size of the chunks whose maxima are compared to find the largest logits.
_CHUNK = 64
# Far enough below the largest logit that the probability is 0 in float32. Not -inf, because 0 times -inf is
# NaN.
_NEVER = -1e4
# Size of the float32 logits that are processed together on a CPU. Much larger blocks take three times as
# long.
_CACHED_BYTES = 4 * 2**20


def token_statistics(
    logits: torch.Tensor, target: torch.Tensor, statistics: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Statistics of tokens, chosen by name.

    Args:
        logits: `[tokens, vocabulary]`, of any precision. Statistics are computed in float32.
        target: `[tokens]` ids.
        statistics: any of `log_prob` (nats), `rank` (1 + number of likelier tokens), `brier`,
            `entropy` (nats), `entropy_share` (of the largest entropy, `log vocabulary`), `mass_above`
            (probability of all likelier tokens).

    Returns:
        `[tokens]` per name.

    >>> logits = torch.tensor([[0.0, 0.0, 1.0]])
    >>> token_statistics(logits, torch.tensor([1]), ["rank"])["rank"]
    tensor([2])
    """
    blocks = zip(logits.split(_rows_at_once(logits)), target.split(_rows_at_once(logits)), strict=True)
    found = [_statistics(block, tokens, statistics) for block, tokens in blocks]
    return {name: torch.cat([one[name] for one in found]) for name in statistics}


def _rows_at_once(logits: torch.Tensor) -> int:
    """Number of rows whose logits stay in the processor's cache during several passes over them."""
    if logits.device.type != "cpu":
        return max(1, len(logits))
    return max(1, _CACHED_BYTES // (4 * logits.shape[1]))


def _statistics(
    logits: torch.Tensor, target: torch.Tensor, statistics: Sequence[str]
) -> dict[str, torch.Tensor]:
    predicted = _Predictions(logits.float(), target)
    formulas: dict[str, Callable[[], torch.Tensor]] = {
        "log_prob": predicted.log_prob,
        "rank": predicted.rank,
        "brier": predicted.brier,
        "entropy": lambda: predicted.entropy,
        "entropy_share": predicted.entropy_share,
        "mass_above": predicted.mass_above,
    }
    return {name: formulas[name]() for name in statistics}


class _Predictions:
    """Logits of some positions and the tokens that follow. Values that statistics share are kept."""

    def __init__(self, logits: torch.Tensor, target: torch.Tensor):
        self._logits = logits
        self._target = target
        self._target_logit = logits.gather(1, target[:, None])

    def log_prob(self) -> torch.Tensor:
        return self._target_logit[:, 0] - self._logits.logsumexp(1)

    def rank(self) -> torch.Tensor:
        return 1 + self._is_above.sum(1)

    def brier(self) -> torch.Tensor:
        top, tokens = top_logits(self._logits, BRIER_TOP)
        q = top.softmax(1)
        q_target = (q * (tokens == self._target[:, None])).sum(1)
        return 1 - 2 * q_target + q.square().sum(1)

    @cached_property
    def entropy(self) -> torch.Tensor:
        # With x the logits below the largest one, the entropy is log sum exp x - sum (exp x) x / sum exp x.
        # For a token with a logit of -inf, which cannot follow, (exp x) x is 0.
        total = self._exponentials.sum(1)
        return total.log() - torch.linalg.vecdot(self._exponentials, self._below_peak) / total

    def entropy_share(self) -> torch.Tensor:
        # With a vocabulary of one token, the entropy and its largest value are both 0.
        largest = math.log(self._logits.shape[1])
        return self.entropy / largest if largest else torch.zeros_like(self.entropy)

    def mass_above(self) -> torch.Tensor:
        above = (self._exponentials * self._is_above).sum(1)
        return above / self._exponentials.sum(1)

    @cached_property
    def _is_above(self) -> torch.Tensor:
        return self._logits > self._target_logit

    @cached_property
    def _below_peak(self) -> torch.Tensor:
        return (self._logits - self._logits.amax(1, keepdim=True)).clamp_(min=_NEVER)

    @cached_property
    def _exponentials(self) -> torch.Tensor:
        return self._below_peak.exp()


def top_logits(logits: torch.Tensor, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The largest logits and their tokens, as `topk` returns them, without sorting the whole vocabulary.

    The vocabulary is cut into chunks. The `count` largest logits are in the `count` chunks with the largest
    maxima. So one pass over the logits, for the maxima, leaves few candidates.

    Args:
        logits: `[tokens, vocabulary]`.
        count: number of logits.

    Returns:
        Values and tokens, `[tokens, min(count, vocabulary)]`.

    >>> top_logits(torch.tensor([[0.0, 3.0, 1.0, 2.0]]), 2)
    (tensor([[3., 2.]]), tensor([[1, 3]]))
    """
    rows, vocabulary = logits.shape
    num_chunks = vocabulary // _CHUNK
    if num_chunks <= count:
        top = logits.topk(min(count, vocabulary), dim=1)
        return top.values, top.indices
    whole = num_chunks * _CHUNK
    chunks = logits[:, :whole].unflatten(1, (num_chunks, _CHUNK)).amax(2).topk(count, dim=1).indices
    within = torch.arange(_CHUNK, device=logits.device)
    candidates = (chunks[:, :, None] * _CHUNK + within).flatten(1)
    # The rest of the vocabulary is not a whole chunk. All of its tokens are candidates.
    rest = torch.arange(whole, vocabulary, device=logits.device).expand(rows, -1)
    candidates = torch.cat([candidates, rest], dim=1)
    top = logits.gather(1, candidates).topk(count, dim=1)
    return top.values, candidates.gather(1, top.indices)
