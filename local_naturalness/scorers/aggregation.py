"""Aggregates log-probabilities of tokens to one number per response."""

import math
from collections.abc import Sequence

import numpy as np

# Higher ranks are clipped to this one (RSR, arXiv 2601.14249).
RANK_LIMIT = 100


def step_means(log_probs: np.ndarray, steps: Sequence[tuple[int, int]]) -> np.ndarray:
    """Mean log-probability (nats) of every step.

    >>> step_means(np.array([-1.0, -3.0, -0.5]), [(0, 2), (2, 3)]).tolist()
    [-2.0, -0.5]
    """
    return np.array([log_probs[start:end].mean() for start, end in steps])


def weighted_mean(
    means: np.ndarray, lengths: np.ndarray, weighting: str, num_steps: int
) -> tuple[float, float | None]:
    """Mean over steps, and its standard error if the steps are a random sample.

    Args:
        means: mean log-probability of each scored step, in nats.
        lengths: number of tokens of each scored step.
        weighting: `"step"` (every step has the same weight) or `"token"` (the weight is the length).
        num_steps: number of steps of the whole response.

    Returns:
        The mean, and its standard error with the finite-population correction `1 - m/P`. The error is 0 if
        every step was scored. It is `None` if only one of several steps was scored, because one value shows
        no spread. With `"token"`, the mean is a ratio of two sums, and the error is that of its
        linearisation.

    >>> weighted_mean(np.array([-2.0, -0.5]), np.array([2, 1]), "step", num_steps=2)
    (-1.25, 0.0)
    >>> weighted_mean(np.array([-2.0, -0.5]), np.array([2, 1]), "token", num_steps=2)
    (-1.5, 0.0)
    >>> mean, error = weighted_mean(np.array([-2.0, -1.0]), np.array([1, 1]), "step", num_steps=8)
    >>> round(error, 4)  # sqrt(0.5 / 2 * (1 - 2 / 8))
    0.433
    """
    weights = np.ones(len(means)) if weighting == "step" else lengths
    mean = float(np.average(means, weights=weights))
    sampled = len(means)
    if sampled == num_steps:
        return mean, 0.0
    if sampled == 1:
        return mean, None
    residuals = weights * (means - mean) / weights.mean()
    variance = residuals.var(ddof=1) / sampled * (1 - sampled / num_steps)
    return mean, math.sqrt(variance)


def rank_surprisal(ranks: np.ndarray, log_probs: np.ndarray) -> tuple[float | None, float]:
    """Rank-surprisal ratio of a response (RSR, arXiv 2601.14249), and its mean clipped rank.

    Returns:
        `sum min(rank, 100) / sum -log p` (`None` if every token is certain), and the mean of `min(rank,
        100)`.

    >>> rank_surprisal(np.array([1, 500]), np.array([-0.5, -1.5]))
    (50.5, 50.5)
    """
    clipped = np.minimum(ranks, RANK_LIMIT)
    surprisal = -log_probs.sum()
    return float(clipped.sum() / surprisal) if surprisal > 0 else None, float(clipped.mean())


def seqlss(log_probs: np.ndarray, mass_above: np.ndarray) -> float:
    """Mean of `(1 - U)^4` over tokens, weighted by surprisal (SeqLSS, arXiv 2608.29623).

    A surprising token has a high weight if few tokens were likelier: it is new to the student, but close to
    what it would have said.

    Args:
        log_probs: log-probabilities of the tokens, in nats.
        mass_above: `U`, the total probability of all tokens that are likelier than the actual one.

    Returns:
        `sum S (1 - U)^4 / sum S` with `S = -log p`. 0.0 if every token is certain.

    >>> seqlss(np.array([-1.0, -3.0]), np.array([0.0, 0.5]))  # (1 * 1 + 3 / 16) / 4
    0.296875
    """
    surprisal = -log_probs
    total = surprisal.sum()
    return float((surprisal * (1 - mass_above) ** 4).sum() / total) if total > 0 else 0.0


def high_entropy_sum(entropies: np.ndarray) -> float:
    """Sum of the highest entropies of a response, in bits (HES, arXiv 2605.22389).

    Args:
        entropies: entropies of the predictions, in nats.

    Returns:
        Sum of the entropies at or above their 99.5th percentile (linear interpolation).

    >>> round(high_entropy_sum(np.log([2.0, 4.0, 8.0])), 6)
    3.0
    """
    bits = entropies / math.log(2)
    return float(bits[bits >= np.percentile(bits, 99.5)].sum())


def prediction_difficulty(log_probs: np.ndarray, entropy_shares: np.ndarray) -> float:
    """Mean of `sigmoid(S) max(0, 1 - H / log V)` (UPD, arXiv 2503.11441).

    High if the student was sure and wrong.

    Args:
        log_probs: log-probabilities of the tokens, in nats. `S` is minus these.
        entropy_shares: `H / log V`, the entropy of each prediction divided by the largest possible entropy.

    >>> prediction_difficulty(np.array([0.0, 0.0]), np.array([0.0, 1.0]))  # (1/2 * 1 + 1/2 * 0) / 2
    0.25
    """
    difficulty = 1 / (1 + np.exp(log_probs))
    return float((difficulty * np.maximum(0, 1 - entropy_shares)).mean())


def repeated_step_share(texts: Sequence[str], lengths: Sequence[int]) -> float:
    """Share of the tokens in steps that equal an earlier step of the response, up to white space.

    Args:
        texts: texts of the steps.
        lengths: numbers of tokens of the steps.

    >>> repeated_step_share(["Wait. ", "It is 5.", " Wait."], [2, 4, 2])
    0.25
    """
    seen: set[str] = set()
    repeated = 0
    for text, length in zip(texts, lengths, strict=True):
        content = " ".join(text.split())
        repeated += length if content in seen else 0
        seen.add(content)
    return repeated / sum(lengths)


def first_token_statistics(
    log_probs: np.ndarray, steps: Sequence[tuple[int, int]]
) -> tuple[float, float | None]:
    """Mean log-probability of the first tokens of steps, and of all other tokens (ASLEC, arXiv 2604.06834).

    The second is `None` if every step is a single token.

    >>> first_token_statistics(np.array([-4.0, -1.0, -2.0, -3.0]), [(0, 2), (2, 4)])
    (-3.0, -2.0)
    """
    is_first = np.zeros(len(log_probs), dtype=bool)
    is_first[[start for start, _ in steps]] = True
    others = log_probs[~is_first]
    return float(log_probs[is_first].mean()), float(others.mean()) if len(others) else None
