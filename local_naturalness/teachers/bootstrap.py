"""The bootstrap over prompts: means of teachers on prompts drawn with replacement."""

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pyarrow as pa

from local_naturalness.teachers.additive_fit import Weights, fit_weighted_means, ratio

# If fewer of the draws can be used, few prompts decide: a draw misses a given prompt with probability 0.37.
ENOUGH_DRAWS = 0.7


def bootstrap(parts: Sequence[np.ndarray], num_draws: int, seed: int) -> np.ndarray:
    """Means of teachers in each draw, without draws whose prompts leave teachers unlinked.

    Args:
        parts: One matrix [prompts, teachers], or two, whose means are divided.
        num_draws: The same draws for all teachers, so that differences are paired.
        seed: Of the draws.

    Returns:
        Shape [draws, teachers].
    """
    # The same seed gives both parts of a ratio the same draws of prompts.
    draws = ratio([fit_weighted_means(part, num_draws, bootstrap_weights(num_draws, seed)) for part in parts])
    return draws[~np.isnan(draws).any(axis=1)]


def bootstrap_weights(num_draws: int, seed: int) -> Weights:
    """Poisson(1) weights: the bootstrap over prompts, without an index per draw.

    Sixteen random bits are looked up in the table of the distribution's quantiles, which puts each
    probability within 2e-5 of its value and is many times faster than drawing counts. A prompt's weights
    do not depend on how many prompts are asked for at a time.
    """
    bits = np.random.PCG64(seed)
    count_of = _quantiles()
    per_prompt = -(-num_draws // 4)

    def weights(size: int) -> np.ndarray:
        words = bits.random_raw(per_prompt * size).astype("<u8", copy=False)
        # Arrow looks single bytes up four times as fast as numpy.
        counts = count_of.take(pa.array(words.view("<u2"))).to_numpy()
        by_prompt = counts.reshape(size, 4 * per_prompt)[:, :num_draws]
        return by_prompt.T.astype(np.float32, order="C")

    return weights


@cache
def _quantiles() -> pa.Array:
    """The count of each of 65,536 equally likely numbers."""
    probability = [math.exp(-1) / math.factorial(count) for count in range(12)]
    quantile = (np.arange(2**16) + 0.5) / 2**16
    return pa.array(np.searchsorted(np.cumsum(probability), quantile).astype(np.uint8))
