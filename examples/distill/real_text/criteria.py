"""The values of all criteria of a scored sample, turned so that high is better."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from datasets import Dataset

from local_naturalness import select_responses
from real_text.steps import mean_per_token, step_table

LOCAL, BY_STEP, GLOBAL = "local, window 4", "global by step", "global"
SHORTER, CHANCE = "fewer tokens", "chance"
# Column or computed criterion -> name in tables, and which direction is better.
SCORED: Mapping[str, tuple[str, str]] = {
    "local_naturalness_w4": (LOCAL, "high"),
    "global_naturalness_by_step": (BY_STEP, "high"),
    "global_naturalness": (GLOBAL, "high"),
    "learnability": ("learnability (LARK)", "high"),
    "global_naturalness_drop": ("without first tokens (ASLEC drop)", "high"),
    "global_naturalness_casl": ("without the share of first tokens (ASLEC casl)", "high"),
    "rank_surprisal_ratio": ("rank-surprisal ratio", "low"),
    "seqlss": ("SeqLSS", "high"),
    "high_entropy_sum": ("high-entropy sum (HES)", "high"),
    "prediction_difficulty": ("prediction difficulty (UPD)", "high"),
    "num_tokens_w4": (SHORTER, "low"),
}


def values_of(rows: pd.DataFrame) -> pd.DataFrame:
    """A column for every criterion that the sample has been scored for, and `chance`; NaN without a value.

    Args:
        rows: A scored sample. One without a full pass has its global scores from `step_scores_full`.
    """
    table: dict[str, np.ndarray | pd.Series] = {}
    if "global_naturalness" in rows:
        numbered = Dataset.from_pandas(rows, preserve_index=False).add_column("row", range(len(rows)))
        for criterion, (name, better) in SCORED.items():
            # Some criteria are no columns; a selection of everything tells their values.
            direction = better if criterion == "num_tokens_w4" else None
            ranked = select_responses(numbered, by=criterion, direction=direction, k=None)
            values = np.full(len(rows), np.nan)
            values[ranked["row"][:]] = ranked["selection_score"][:]
            table[name] = values if better == "high" else -values
    else:
        table[LOCAL] = rows["local_naturalness_w4"]
        table |= _from_steps(rows)
        table[SHORTER] = -rows["num_tokens_w4"]
    table[CHANCE] = np.random.default_rng(0).random(len(rows))
    return pd.DataFrame(table, index=rows.index).astype(float)


def _from_steps(rows: pd.DataFrame) -> dict[str, pd.Series]:
    """Global scores of windows of all steps, whose steps were kept: by token, and by step."""
    steps = step_table(rows)
    by_row = steps.groupby("row")
    return {
        BY_STEP: by_row["full"].mean(),
        GLOBAL: by_row.apply(mean_per_token, "full"),
    }
