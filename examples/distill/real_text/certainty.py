"""Means over prompts and their 95 % intervals."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DRAWS = 2000
FEWEST_PROMPTS = 5


@dataclass(frozen=True)
class Estimate:
    """A mean over prompts.

    Args:
        mean: NaN without prompts.
        low, high: 95 % interval by a bootstrap over prompts; NaN with fewer than five, which cannot tell it.
        prompts, responses: On which it rests.
    """

    mean: float
    low: float
    high: float
    prompts: int
    responses: int


def over_prompts(values: Sequence[float], prompts: Sequence[str], seed: int = 0) -> Estimate:
    """Responses of a prompt are averaged first; NaN is left out.

    >>> over_prompts([1.0, 3.0, 5.0], ["p", "p", "q"]).mean
    3.5
    """
    known = pd.DataFrame({"value": values, "prompt": prompts}).dropna()
    means = known.groupby("prompt")["value"].mean().to_numpy()
    if not len(means):
        return Estimate(np.nan, np.nan, np.nan, 0, 0)
    if len(means) < FEWEST_PROMPTS:
        return Estimate(float(means.mean()), np.nan, np.nan, len(means), len(known))
    draws = means[np.random.default_rng(seed).integers(len(means), size=(DRAWS, len(means)))].mean(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return Estimate(float(means.mean()), float(low), float(high), len(means), len(known))
