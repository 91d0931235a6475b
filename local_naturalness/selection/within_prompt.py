"""Numbers made comparable among the candidates of one prompt."""

import numpy as np
import polars as pl


def zscore(values: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """Distance from the prompt's mean in the prompt's standard deviations (population).

    Args:
        values: Shape [rows], finite.
        prompt: Shape [rows], non-negative integers.

    Returns:
        Shape [rows]; 0 where all candidates of the prompt are equal.

    Example: prompt 0 has mean 2 and standard deviation 1, prompt 1 a constant.

    >>> zscore(np.array([1.0, 3.0, 5.0, 5.0]), np.array([0, 0, 1, 1])).tolist()
    [-1.0, 1.0, 0.0, 0.0]
    """
    count = np.bincount(prompt)
    with np.errstate(divide="ignore", invalid="ignore"):
        centred = values - (np.bincount(prompt, values) / count)[prompt]
        # Once more, because the mean was rounded: two candidates get exactly opposite scores.
        centred -= (np.bincount(prompt, centred) / count)[prompt]
        spread = np.sqrt(np.bincount(prompt, centred**2) / count)[prompt]
        scores = centred / spread
    # Rounding gives equal values a spread of about 1e-17, so constancy is read off the range.
    scores[_is_constant(values, prompt)] = 0.0
    return scores


def relative_rank(values: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """Rank among the prompt's candidates, from 0 (lowest) to 1 (highest); ties share their mean.

    Args:
        values: Shape [rows], finite.
        prompt: Shape [rows], non-negative integers.

    Returns:
        Shape [rows]; 0.5 where all candidates of the prompt are equal.

    Example:

    >>> relative_rank(np.array([1.0, 3.0, 9.0, 5.0, 5.0]), np.array([0, 0, 0, 1, 1])).tolist()
    [0.0, 0.5, 1.0, 0.5, 0.5]
    """
    table = pl.DataFrame({"prompt": prompt, "value": values})
    ranks = table.select(pl.col("value").rank("average").over("prompt")).to_series().to_numpy()
    others = np.bincount(prompt)[prompt] - 1
    return np.where(others > 0, (ranks - 1) / np.maximum(others, 1), 0.5)


def _is_constant(values: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    lowest = np.full(prompt.max(initial=-1) + 1, np.inf)
    highest = -lowest
    np.minimum.at(lowest, prompt, values)
    np.maximum.at(highest, prompt, values)
    return (lowest == highest)[prompt]
