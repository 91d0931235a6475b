"""What each criterion picks, one row per criterion."""

import math

import numpy as np
import pandas as pd

from local_naturalness.criteria import ResolvedCriterion
from local_naturalness.tables import Columns


def summarize(
    columns: Columns, criteria: list[ResolvedCriterion], picks: np.ndarray, rows: np.ndarray
) -> pd.DataFrame:
    """Direction, prompts with a pick, and mean length of the picks.

    Args:
        columns: The dataset; `num_tokens` and `num_steps` are used where there.
        criteria: What picks.
        picks: Shape [criteria, prompts], places in `rows`, -1 for no pick.
        rows: Row numbers, shape [candidates].
    """
    table = {
        "criterion": [criterion.name for criterion in criteria],
        "direction": [criterion.direction for criterion in criteria],
        "num_prompts": (picks >= 0).sum(axis=1),
    }
    lengths = {
        name: columns.numbers(name)[rows] for name in ("num_tokens", "num_steps") if name in columns.names
    }
    if len(lengths) == 2:
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths["tokens_per_step"] = lengths["num_tokens"] / lengths["num_steps"]
    for name, numbers in lengths.items():
        table[name] = [_mean(numbers[of_one[of_one >= 0]]) for of_one in picks]
    return pd.DataFrame(table)


def _mean(numbers: np.ndarray) -> float:
    finite = numbers[np.isfinite(numbers)]
    return float(finite.mean()) if len(finite) else math.nan
