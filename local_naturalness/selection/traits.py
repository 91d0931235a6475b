"""Traits of picks and of their candidates: correctness, repetition and length."""

import logging
import math
from typing import Any

import numpy as np

from local_naturalness.selection.settings import Settings
from local_naturalness.tables import Columns, verdict_column

logger = logging.getLogger(__name__)

_REPEATED = "repeated_step_share"
# A difference of mean shares that is worth a warning if chance hardly makes it, and one that always is.
_SMALL, _LARGE = 0.01, 0.1
_ONE_SIDED_5_PERCENT = 1.645


def describe_traits(
    columns: Columns, prompt: np.ndarray, candidates: np.ndarray, rows: np.ndarray, settings: Settings
) -> dict[str, dict[str, Any]]:
    """Means over the candidates and over the picks, as plain data. Warns if the picks repeat themselves more.

    Args:
        columns: The dataset.
        prompt: Shape [rows], prompt numbers.
        candidates: Row numbers of those that could have been chosen.
        rows: Row numbers of the picks.
        settings: The settings of the selection.

    Returns:
        Trait -> "column", "before" and "after" (means, `None` where nothing is known).
    """
    found = {"accuracy": verdict_column(columns, settings.correct)}
    for name in (_REPEATED, "num_tokens"):
        found[name] = next(
            (
                name + suffix
                for suffix in (*_suffixes(columns, settings), "")
                if name + suffix in columns.names
            ),
            None,
        )
    described = {}
    for trait, column in found.items():
        if column is None:
            continue
        numbers = columns.counts(column) if trait == "num_tokens" else columns.numbers(column)
        described[trait] = {
            "column": column,
            "before": _mean(numbers[candidates]),
            "after": _mean(numbers[rows]),
        }
        if trait == _REPEATED and settings.by != "random":
            _warn_of_repetition(column, numbers, prompt, candidates, rows)
    return described


def _suffixes(columns: Columns, settings: Settings) -> list[str]:
    return [criterion.suffix for criterion in settings.criteria(columns.names)]


def _mean(numbers: np.ndarray) -> float | None:
    known = numbers[np.isfinite(numbers)]
    return round(float(known.mean()), 6) if len(known) else None


def _warn_of_repetition(
    column: str, numbers: np.ndarray, prompt: np.ndarray, candidates: np.ndarray, rows: np.ndarray
) -> None:
    candidates, rows = (some[np.isfinite(numbers[some])] for some in (candidates, rows))
    excess, z = excess_over_chance(numbers, prompt, candidates, rows)
    if excess < _SMALL or (excess < _LARGE and z < _ONE_SIDED_5_PERCENT):
        return
    picked = numbers[rows].mean()
    logger.warning(
        "The picks repeat themselves more than the candidates that they were chosen from: %.1f %% of their "
        "tokens are in repeated steps, against %.1f %% for all candidates of the same prompts. Repeated "
        "text is easy to predict, so likelihoods favour it. To leave out responses that are stuck in a "
        'loop, pass `where="%s < 0.2"`.',
        100 * picked,
        100 * (picked - excess),
        column,
    )


def excess_over_chance(
    numbers: np.ndarray, prompt: np.ndarray, candidates: np.ndarray, rows: np.ndarray
) -> tuple[float, float]:
    """How far the picks' mean is above that of random picks from the same prompts.

    With `m_p` and `v_p` the mean and (population) variance of the `n_p` candidates of prompt p and `k_p`
    picks among them, random picks without replacement have the sum `sum k_p m_p` with the variance
    `sum k_p v_p (n_p - k_p) / (n_p - 1)`.

    Args:
        numbers: Shape [rows].
        prompt: Shape [rows].
        candidates: Row numbers.
        rows: Row numbers of the picks.

    Returns:
        The excess of the mean, and the same in standard deviations of random picks; 0.0 if chance
        leaves no choice.

    Example: of 0.9 and 0.1 the first is picked, of 0.2 and 0.2 either: the excess is 0.4 / 2, and random
    picks deviate by 0.4 / 2.

    >>> excess, z = excess_over_chance(
    ...     np.array([0.9, 0.1, 0.2, 0.2]), np.array([0, 0, 1, 1]), np.arange(4), np.array([0, 2])
    ... )
    >>> round(excess, 6), round(z, 6)
    (0.2, 1.0)
    """
    if not len(rows):
        return 0.0, 0.0
    size = int(prompt.max(initial=0)) + 1
    n = np.bincount(prompt[candidates], minlength=size)
    k = np.bincount(prompt[rows], minlength=size)
    filled = np.maximum(n, 1)
    mean = np.bincount(prompt[candidates], numbers[candidates], minlength=size) / filled
    deviation = numbers[candidates] - mean[prompt[candidates]]
    variance = np.bincount(prompt[candidates], deviation**2, minlength=size) / filled
    of_sum = (k * variance * (n - k) / np.maximum(n - 1, 1)).sum()
    excess = float(numbers[rows].sum() - (k * mean).sum())
    z = excess / math.sqrt(of_sum) if of_sum > 0 else 0.0
    return excess / len(rows), z
