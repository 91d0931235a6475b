"""A criterion as one number per row."""

import numpy as np

from local_naturalness.criteria.casl import FEWEST_ROWS, fit_casl
from local_naturalness.criteria.known import ResolvedCriterion
from local_naturalness.criteria.learnability import learnability
from local_naturalness.spec import may_be_compared, spec_difference
from local_naturalness.tables import Columns


def criterion_values(
    columns: Columns, criterion: ResolvedCriterion, prompt: np.ndarray, is_candidate: np.ndarray
) -> np.ndarray:
    """A stored or computed criterion for every candidate.

    Args:
        columns: The table.
        criterion: Not "random", whose numbers depend on a seed.
        prompt: Shape [rows], prompt numbers, non-negative where `is_candidate`.
        is_candidate: Shape [rows]. Other rows are not used in formulas that span rows.

    Returns:
        Shape [rows], NaN where the value is missing, not finite or of no candidate.

    Raises:
        ValueError: The scores were computed with different settings.
    """
    check_one_spec(columns, criterion)
    inputs = [np.where(is_candidate, columns.numbers(name), np.nan) for name in criterion.inputs]
    if criterion.kind == "column":
        (values,) = inputs
    elif criterion.base == "learnability":
        global_naturalness, brier = inputs
        values = learnability(global_naturalness, brier, prompt)
    else:
        values, _ = fit_casl(*inputs)
    values[~np.isfinite(values)] = np.nan
    return values


def has_enough_rows(columns: Columns, criterion: ResolvedCriterion, is_candidate: np.ndarray) -> bool:
    """Whether a criterion is worth computing unasked. A regression over few rows is not.

    Args:
        columns: The table.
        criterion: Any criterion.
        is_candidate: Shape [rows]. Other rows do not count.
    """
    if criterion.kind != "computed" or criterion.base != "global_naturalness_casl":
        return True
    is_known = np.isfinite([columns.numbers(name) for name in criterion.inputs]).all(axis=0)
    return int(np.count_nonzero(is_known & is_candidate)) >= FEWEST_ROWS


def check_one_spec(columns: Columns, criterion: ResolvedCriterion, earlier: str | None = None) -> str | None:
    """Raise a ValueError if the criterion's scores were computed with different settings.

    Args:
        columns: The table, or the next part of a stream.
        criterion: Whose scores.
        earlier: The settings of earlier parts.

    Returns:
        The settings; `None` if the dataset does not record them.
    """
    if criterion.spec_column not in columns.names:
        return earlier
    specs = columns.distinct(criterion.spec_column)
    if not specs:
        return earlier
    first = specs[0] if earlier is None else earlier
    for other in specs:
        if not may_be_compared(first, other):
            raise ValueError(
                f"Criterion {criterion.name!r} mixes scores of different settings, which are not "
                f"comparable: column {criterion.spec_column!r} holds {first!r} and {other!r}, which differ "
                f"in {spec_difference(first, other)}. Keep the rows of one setting, or score again."
            )
    return first
