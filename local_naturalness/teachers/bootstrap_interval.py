"""Bootstrap intervals that are wide enough for few prompts."""

import math
from statistics import NormalDist

import numpy as np

_NORMAL = NormalDist()

# Fewer prompts than these tell nothing about how far chance reaches.
FEWEST_PROMPTS = 10
# With fewer draws, the bounds of an interval would be the very lowest and highest draw, or almost.
FEWEST_DRAWS = 100


def student_t(probability: float, degrees: int) -> float:
    """Quantile of Student's t distribution, by Fisher and Cornish's expansion around the normal one.

    Example: the tables say 2.262 for 9 degrees of freedom, 2.001 for 59.

    >>> [round(student_t(0.975, degrees), 3) for degrees in (9, 59)]
    [2.262, 2.001]
    """
    z = _NORMAL.inv_cdf(probability)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / degrees + second / degrees**2 + third / degrees**3


def tail_percent(num_prompts: int) -> float:
    """The percentile at which a 95 % bootstrap interval over some prompts begins.

    A bootstrap of n prompts spreads by `sqrt((n - 1) / n)` too little and knows nothing of Student's t. The
    percentile is moved out so that the interval of a mean has the width of the t interval (the "expanded
    percentile interval": Hesterberg, The American Statistician 69, 2015):
    `100 * Phi(-sqrt(n / (n - 1)) * t(0.975, n - 1))`.

    Example: 2.5 for many prompts, further out for few.

    >>> [round(tail_percent(number), 2) for number in (1_000_000, 60, 10)]
    [2.5, 2.18, 0.86]
    """
    degrees = max(num_prompts - 1, 2)
    reach = math.sqrt((degrees + 1) / degrees) * student_t(0.975, degrees)
    return 100 * _NORMAL.cdf(-reach)


def interval(draws: np.ndarray, num_prompts: int) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval of each number over bootstrap draws.

    Args:
        draws: Shape [draws, numbers].
        num_prompts: How many prompts the draws were made from.

    Returns:
        Low and high, shape [numbers]; NaN with fewer than a hundred draws, and where a draw is NaN.
    """
    if len(draws) < FEWEST_DRAWS:
        missing = np.full(draws.shape[1], np.nan)
        return missing, missing
    tail = tail_percent(num_prompts)
    low, high = np.percentile(draws, [tail, 100 - tail], axis=0)
    return low, high


def contains_zero(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Which intervals contain 0, so that the data cannot tell a gap from none. Not those that are NaN.

    Args:
        low: Lower ends, shape [numbers].
        high: Upper ends.

    >>> contains_zero(np.array([-1.0, 0.5, np.nan]), np.array([0.2, 0.9, np.nan])).tolist()
    [True, False, False]
    """
    return (low <= 0) & (high >= 0)
