"""How often a right response has the better score than a wrong one."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DRAWS = 1000


@dataclass(frozen=True)
class Auc:
    """Share of pairs of a right and a wrong response in which the right one scores higher, ties half.

    Args:
        share: 0.5 where a criterion knows nothing of correctness; NaN without pairs.
        low, high: 95 % interval.
        num_pairs: On which it rests.
    """

    share: float
    low: float
    high: float
    num_pairs: int

    def __str__(self) -> str:
        return f"{self.share:.2f} ({self.low:.2f} to {self.high:.2f})" if self.num_pairs else ""


def auc_within_prompts(
    values: Sequence[float], is_right: Sequence[bool], prompts: Sequence[str], seed: int = 0
) -> Auc:
    """Over pairs that answer the same prompt; the bootstrap draws prompts.

    Args:
        values: High is better; NaN is left out.
        is_right: In the same order, as are `prompts`.
        prompts: Equal ones belong together.
        seed: Of the bootstrap.

    >>> auc = auc_within_prompts([1.0, 2.0, 3.0, 1.0], [True, False, True, False], ["p", "p", "q", "q"])
    >>> auc.share, auc.num_pairs
    (0.5, 2)
    """
    table = pd.DataFrame({"value": values, "right": is_right, "prompt": prompts}).dropna()
    wins, pairs = [], []
    for _, members in table.groupby("prompt"):
        won = _won(members["value"].to_numpy(), members["right"].to_numpy(dtype=bool))
        if won.size:
            wins.append(won.sum())
            pairs.append(won.size)
    if not pairs:
        return Auc(np.nan, np.nan, np.nan, 0)
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(len(pairs), np.full(len(pairs), 1 / len(pairs)), size=DRAWS)
    return _auc(sum(wins) / sum(pairs), (weights @ wins) / (weights @ pairs), sum(pairs))


def auc_between_responses(values: Sequence[float], is_right: Sequence[bool], seed: int = 0) -> Auc:
    """Over all pairs, whatever they answer; the bootstrap draws right and wrong responses.

    >>> auc_between_responses([3.0, 1.0, 2.0], [True, False, False]).share
    1.0
    """
    table = pd.DataFrame({"value": values, "right": is_right}).dropna()
    won = _won(table["value"].to_numpy(), table["right"].to_numpy(dtype=bool))
    if not won.size:
        return Auc(np.nan, np.nan, np.nan, 0)
    rng = np.random.default_rng(seed)
    right, wrong = (rng.multinomial(size, np.full(size, 1 / size), size=DRAWS) for size in won.shape)
    return _auc(won.mean(), ((right @ won) * wrong).sum(axis=1) / won.size, won.size)


def _won(values: np.ndarray, is_right: np.ndarray) -> np.ndarray:
    """Right by wrong responses: 1 where the right one is higher, 0.5 where they are equal."""
    gap = values[is_right][:, None] - values[~is_right][None, :]
    return (np.sign(gap) + 1) / 2


def _auc(share: float, draws: np.ndarray, num_pairs: int) -> Auc:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Auc(float(share), float(low), float(high), int(num_pairs))
