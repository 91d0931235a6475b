"""What each criterion picks, one row per criterion."""

import math

import numpy as np
import pandas as pd

from local_naturalness.criteria import ResolvedCriterion
from local_naturalness.tables import Columns

COUNTS = ("num_tokens", "num_steps")


def summarize(
    columns: Columns,
    criteria: list[ResolvedCriterion],
    picks: np.ndarray,
    rows: np.ndarray,
    correct: str | None = None,
) -> pd.DataFrame:
    """Direction, prompts with a pick, and what the picks are like on average.

    Args:
        columns: The dataset; `num_tokens`, `num_steps` and `repeated_step_share` are used where there.
        criteria: What picks.
        picks: Shape [criteria, prompts], places in `rows`, -1 for no pick.
        rows: Row numbers, shape [candidates].
        correct: The verdict column, for the accuracy of the picks.
    """
    table = {
        "criterion": [criterion.name for criterion in criteria],
        "direction": [criterion.direction for criterion in criteria],
        "num_prompts": (picks >= 0).sum(axis=1),
    }
    lengths: dict[str, np.ndarray] = {
        name: columns.counts(name)[rows] for name in COUNTS if name in columns.names
    }
    if len(lengths) == 2:
        lengths["tokens_per_step"] = lengths["num_tokens"] / lengths["num_steps"]
    averaged = dict(lengths)
    if correct is not None:
        averaged["accuracy"] = columns.numbers(correct)[rows]
    if "repeated_step_share" in columns.names:
        averaged["repeated_step_share"] = columns.numbers("repeated_step_share")[rows]
    for name, numbers in averaged.items():
        table[name] = [_mean(numbers[of_one[of_one >= 0]]) for of_one in picks]
    return pd.DataFrame(table)


def _mean(numbers: np.ndarray) -> float:
    finite = numbers[np.isfinite(numbers)]
    return float(finite.mean()) if len(finite) else math.nan
