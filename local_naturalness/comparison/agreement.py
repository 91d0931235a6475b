"""Agreement of criteria within prompts."""

import numpy as np

from local_naturalness.selection.candidates import rank_rows


def mean_tau(values: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """Kendall's tau-b between criteria within each prompt, averaged over prompts.

    Args:
        values: Shape [criteria, rows], high is better, NaN where missing.
        prompt: Shape [rows], non-negative.

    Returns:
        Shape [criteria, criteria]; a prompt counts if both criteria give different values to at least two of
        its rows; NaN if there is no such prompt.

    Example: over three rows the second criterion swaps the last two: two pairs agree, one does
    not: tau = 1/3. In the other prompt both agree: the mean is 2/3.

    >>> mean_tau(
    ...     np.array([[3.0, 2.0, 1.0, 5.0, 4.0], [3.0, 1.0, 2.0, 9.0, 0.0]]),
    ...     np.array([0, 0, 0, 1, 1]),
    ... ).round(4).tolist()
    [[1.0, 0.6667], [0.6667, 1.0]]
    """
    num_criteria = len(values)
    order = np.argsort(prompt, kind="stable")
    values, prompt = values[:, order], prompt[order]
    num_prompts = prompt.max(initial=-1) + 1
    pairs = [(one, other) for one in range(num_criteria) for other in range(one, num_criteria)]
    # Concordance minus discordance, and the pairs untied in one and in the other criterion.
    sums = np.zeros((len(pairs), 3, num_prompts), dtype=np.float32)
    offset = 1
    while len(first := np.flatnonzero(prompt[:-offset] == prompt[offset:])):
        sign = np.sign(values[:, first] - values[:, first + offset])
        for place, (one, other) in enumerate(pairs):
            is_known = ~np.isnan(sign[one] * sign[other])
            a, b = sign[one][is_known], sign[other][is_known]
            for term, numbers in enumerate((a * b, np.abs(a), np.abs(b))):
                sums[place, term] += np.bincount(prompt[first][is_known], numbers, num_prompts)
        offset += 1
    tau = np.full((num_criteria, num_criteria), np.nan)
    for place, (one, other) in enumerate(pairs):
        agreement, untied, other_untied = sums[place]
        is_defined = (untied > 0) & (other_untied > 0)
        if is_defined.any():
            scale = np.sqrt(untied[is_defined] * other_untied[is_defined])
            tau[one, other] = tau[other, one] = np.mean(agreement[is_defined] / scale)
    return tau


def best_rows(values: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """The row each criterion picks for each prompt.

    Args:
        values: Shape [criteria, rows], high is better, NaN where missing.
        prompt: Shape [rows], non-negative.

    Returns:
        Shape [criteria, prompts], -1 where no row has a value. Of equal values the first row.
    """
    return np.array([rank_rows(prompt, value, ~np.isnan(value)).picks(prompt) for value in values])


def pick_overlap(picks: np.ndarray) -> np.ndarray:
    """Share of prompts for which two criteria pick the same row, among those both pick for.

    Args:
        picks: Shape [criteria, prompts], -1 for no pick.

    Returns:
        Shape [criteria, criteria], NaN without common prompts.

    Example:

    >>> pick_overlap(np.array([[0, 4, 7], [0, 5, -1]])).tolist()
    [[1.0, 0.5], [0.5, 1.0]]
    """
    both = (picks[:, None] >= 0) & (picks[None] >= 0)
    same = both & (picks[:, None] == picks[None])
    with np.errstate(invalid="ignore"):
        return same.sum(axis=-1) / both.sum(axis=-1)
