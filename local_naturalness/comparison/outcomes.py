"""Does a criterion order teachers as training did, and how much do so few teachers prove?"""

import math

import numpy as np
import pandas as pd


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation; ties share their mean rank.

    Args:
        one: Shape [teachers].
        other: Shape [teachers].

    Returns:
        Between -1 and 1; NaN when one side is constant or there are fewer than two teachers.

    Example: one swap among four: 1 - 6 * 2 / (4 * 15) = 0.8.

    >>> spearman(np.array([1.0, 2.0, 3.0, 4.0]), np.array([10.0, 20.0, 40.0, 30.0]))
    0.8
    """
    ranks = [pd.Series(numbers).rank().to_numpy() for numbers in (one, other)]
    centred = [rank - rank.mean() for rank in ranks]
    scale = math.sqrt((centred[0] @ centred[0]) * (centred[1] @ centred[1]))
    return float(centred[0] @ centred[1] / scale) if scale > 0 else math.nan


def spearman_interval(rho: float, num_teachers: int) -> tuple[float, float]:
    """A 95 % interval of Spearman's correlation by Fisher's z.

    The variance of z is 1.06 / (n - 3) (Fieller, Hartley and Pearson 1957). A perfect correlation
    would give an interval of no width, so `rho` is first moved inside by half of the smallest
    step it can take, 6 / (n (n^2 - 1)).

    Args:
        rho: The correlation.
        num_teachers: `n`; below 4 nothing is known and the interval is (-1, 1).

    Example: a perfect order of four teachers proves nothing, one of eleven a strong relation.

    >>> [round(bound, 2) for bound in spearman_interval(1.0, 4)]
    [-0.5, 1.0]
    >>> [round(bound, 2) for bound in spearman_interval(1.0, 11)]
    [0.98, 1.0]
    """
    if num_teachers < 4 or math.isnan(rho):
        return -1.0, 1.0
    inside = 1 - 6 / (num_teachers * (num_teachers**2 - 1))
    z = math.atanh(max(-inside, min(inside, rho)))
    reach = 1.959964 * math.sqrt(1.06 / (num_teachers - 3))
    return math.tanh(z - reach), math.tanh(z + reach)
