"""`by` turned into one number per row."""

import math
from dataclasses import dataclass

import numpy as np

from local_naturalness.criteria import ResolvedCriterion, criterion_values
from local_naturalness.selection.random_scores import random_scores
from local_naturalness.selection.settings import Settings
from local_naturalness.selection.within_prompt import relative_rank, zscore
from local_naturalness.tables import Columns, require_moderate

# Of a weighted sum. Normalised numbers are of size 1 and accurate to about fifteen.
_DIGITS = 12


@dataclass(frozen=True)
class Scores:
    """One number per row and its direction.

    Args:
        values: Shape [rows], NaN where there is no score.
        sign: +1.0 when high is better, else -1.0.
        exact: Shape [rows]: the integers, where `values` had to round them; else `None`.
    """

    values: np.ndarray
    sign: float
    exact: np.ndarray | None = None

    @property
    def better(self) -> np.ndarray:
        """The scores with high as better."""
        return self.sign * self.values

    @property
    def order(self) -> np.ndarray:
        """The values that candidates are ordered by, with high as better."""
        if self.exact is None:
            return self.better
        _, ranks = np.unique(self.exact, return_inverse=True)
        return self.sign * ranks

    def worse_than(self, limit: float) -> np.ndarray:
        """Which rows are worse, shape [rows]."""
        numbers = self.values if self.exact is None else self.exact
        return numbers < limit if self.sign > 0 else numbers > limit


def score_rows(columns: Columns, prompt: np.ndarray, is_candidate: np.ndarray, settings: Settings) -> Scores:
    """Score every candidate by `settings.by`.

    Args:
        columns: The dataset.
        prompt: Shape [rows], prompt numbers.
        is_candidate: Shape [rows]. Other rows get NaN and are not used in any formula.

    Returns:
        The criterion itself, or for a combination the weighted sum, where high is better.
    """
    criteria = settings.criteria(columns.names)
    values = {}
    for criterion in criteria:
        if criterion.kind == "random":
            numbers = random_scores(
                columns,
                prompt,
                settings.group_column,
                settings.teacher_column,
                settings.response_column,
                settings.seed,
            )
            values[criterion] = np.where(is_candidate, numbers, np.nan)
        else:
            values[criterion] = criterion_values(columns, criterion, prompt, is_candidate)
    if isinstance(settings.by, str):
        ((criterion, numbers),) = values.items()
        exact = columns.integers(criterion.name) if criterion.kind == "column" else None
        return Scores(numbers, criterion.sign, exact)
    for criterion, numbers in values.items():
        require_moderate(numbers, criterion.name, "combined")
    complete = np.isfinite(list(values.values())).all(axis=0)
    if settings.normalize == "rank":
        values = {criterion: _ranks(columns, criterion, numbers) for criterion, numbers in values.items()}
    normalize = zscore if settings.normalize == "zscore" else relative_rank
    combined = np.full(len(prompt), np.nan)
    combined[complete] = sum(
        weight * normalize(criterion.sign * values[criterion][complete], prompt[complete])
        for criterion, weight in criteria.items()
    )
    # Equal sums differ in their last digits, which must not decide between candidates.
    decimals = _DIGITS - math.ceil(math.log10(sum(map(abs, criteria.values()))))
    return Scores(np.round(combined, decimals), 1.0)


def _ranks(columns: Columns, criterion: ResolvedCriterion, numbers: np.ndarray) -> np.ndarray:
    """The numbers, or exact ranks in the same order if integers had to be rounded."""
    exact = columns.integers(criterion.name) if criterion.kind == "column" else None
    if exact is None:
        return numbers
    return np.where(np.isnan(numbers), np.nan, np.unique(exact, return_inverse=True)[1])
