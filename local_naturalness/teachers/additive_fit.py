r"""Teacher means that stay fair when teachers answered different prompts.

Model: `value[p, t] = prompt[p] + teacher[t] + noise`, fitted by least squares with a weight
`w[p]` per prompt. Eliminating the prompt effects leaves, with `S_p` the teachers that answered p,
`n_p` their number and `mean_p` their mean, the normal equations of size teachers x teachers

    A[i, j] = -sum_p w_p [i, j in S_p] / n_p  (i != j),   A[i, i] = -sum_{j != i} A[i, j]
    c[i]    =  sum_p w_p [i in S_p] (value[p, i] - mean_p)

`A b = c` gives the teacher effects up to a constant, which is set so that a teacher's number is its
expected mean over all prompts of the group:

    mean[t] = b[t] + sum_p w_p (mean_p - mean of b over S_p) / sum_p w_p

When every teacher answered every prompt this is the plain mean, which then is all that is computed.
Everything is linear in the
weights: a bootstrap draw needs weighted sums of a few numbers per prompt and no pass over rows.
"""

from collections.abc import Callable, Sequence

import numpy as np

from local_naturalness.teachers.pairs import weighted_pairs

Weights = Callable[[int], np.ndarray]
_NUMBERS_AT_ONCE = 20_000_000


def fit_means(values: np.ndarray) -> np.ndarray:
    """The fitted mean of each teacher, all prompts weighing the same.

    Args:
        values: Shape [prompts, teachers], NaN where a teacher did not answer.

    Returns:
        Shape [teachers], float64; NaN throughout when prompts do not link the teachers.

    Example: teacher 1 is better by 1 wherever both answered, but alone took on the hard prompt.
    Its plain mean is 1.33, below teacher 0's 1.5; the fitted means keep the distance of 1.

    >>> fit_means(np.array([[1.0, 2.0], [2.0, 3.0], [np.nan, -1.0]])).round(4).tolist()
    [0.3333, 1.3333]
    """
    (means,) = fit_weighted_means(values, 1, lambda size: np.ones((1, size)))
    return means


def fit_weighted_means(values: np.ndarray, num_fits: int, weights: Weights) -> np.ndarray:
    """The fitted means under several weightings of the prompts.

    Args:
        values: Shape [prompts, teachers], NaN where a teacher did not answer.
        num_fits: How many weightings.
        weights: Called with the size of the next block of prompts, returns their weights, shape
            [num_fits, size]; its float type is the one the sums are made in.

    Returns:
        Shape [num_fits, teachers]. A weighting that leaves the teachers unlinked gives NaN.
    """
    num_prompts, num_teachers = values.shape
    # Centred values keep their digits when weights, and so the products, are float32.
    is_known = ~np.isnan(values)
    centre = values[is_known].mean() if is_known.any() else np.nan
    is_complete = is_known.all()
    num_pairs = 0 if is_complete else num_teachers * (num_teachers - 1) // 2
    num_terms = num_teachers + 1 if is_complete else num_pairs + 2 * num_teachers + 2
    block = max(_NUMBERS_AT_ONCE // max(num_fits, num_terms, 100), 1)
    # Many teachers have so many pairs that their sums are kept in the type of the weights.
    kind = np.float64 if num_fits * num_terms < _NUMBERS_AT_ONCE else np.float32
    sums = np.zeros((num_fits, num_terms), kind)
    for start in range(0, num_prompts, block):
        centred = values[start : start + block] - centre
        terms = np.insert(centred, num_teachers, 1.0, axis=1) if is_complete else _terms(centred)
        of_block = weights(len(terms))
        sums[:, num_pairs:] += of_block @ terms.astype(of_block.dtype)
        if num_pairs:
            sums[:, :num_pairs] += weighted_pairs(is_known[start : start + block], of_block)
    if is_complete:
        with np.errstate(divide="ignore", invalid="ignore"):
            return sums[:, :-1] / sums[:, -1:] + centre
    at_once = max(_NUMBERS_AT_ONCE // 4 // num_teachers**2, 1)
    parts = [_solve(sums[start : start + at_once], num_teachers) for start in range(0, num_fits, at_once)]
    return np.concatenate(parts) + centre


def _terms(values: np.ndarray) -> np.ndarray:
    """What each prompt adds to the sums besides pairs: centred values, shares, mean, one."""
    answered = ~np.isnan(values)
    count = answered.sum(axis=1, keepdims=True)
    is_used = count > 0
    share = answered / np.maximum(count, 1)
    mean = np.where(answered, values, 0.0).sum(axis=1, keepdims=True) / np.maximum(count, 1)
    centred = np.where(answered, values - mean, 0.0)
    return np.concatenate([centred, share, mean, is_used], axis=1)


def _solve(sums: np.ndarray, num_teachers: int) -> np.ndarray:
    pairs, centred, shares, mean, total = np.split(
        sums.astype(np.float64),
        np.cumsum([num_teachers * (num_teachers - 1) // 2, num_teachers, num_teachers, 1]),
        axis=1,
    )
    one, other = np.triu_indices(num_teachers, k=1)
    system = np.zeros((len(sums), num_teachers, num_teachers))
    system[:, one, other] = system[:, other, one] = -pairs
    diagonal = np.arange(num_teachers)
    system[:, diagonal, diagonal] = -system.sum(axis=2)
    is_linked = _are_linked(system)
    # Effects are free up to a constant: adding one to all rows of `A` fixes it so that they sum to 0.
    system += system[:, diagonal, diagonal].mean(axis=1)[:, None, None]
    system[~is_linked] = np.eye(num_teachers)
    effects = np.linalg.solve(system, centred[..., None])[..., 0]
    with np.errstate(divide="ignore", invalid="ignore"):
        level = (mean - (shares * effects).sum(axis=1, keepdims=True)) / total
    return np.where(is_linked[:, None], effects + level, np.nan)


def _are_linked(systems: np.ndarray) -> np.ndarray:
    """Whether shared prompts lead from the first teacher to all others, shape [systems]."""
    is_pair = (systems < 0).astype(np.float32)
    reached = np.zeros((len(systems), 1, systems.shape[1]), bool)
    reached[..., 0] = True
    number = 0
    while (count := int(np.count_nonzero(reached))) > number:
        number = count
        reached |= reached.astype(np.float32) @ is_pair > 0
    return np.all(reached, axis=(1, 2))


def ratio(parts: Sequence[np.ndarray]) -> np.ndarray:
    """The first of two numbers by the second, or the only one."""
    return parts[0] / parts[1] if len(parts) == 2 else parts[0]
