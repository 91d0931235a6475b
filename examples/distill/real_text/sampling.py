"""What scoring only some steps of long responses changes: every step is known, so samples cost nothing."""

from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd

from real_text.agreement import pairs_of, tau_between

COUNTS = (12, 16, 64)
DRAWS = 200


def by_sampling(rows: pd.DataFrame, seed: int = 0) -> list[dict[str, Any]]:
    """For each number of steps: local scores of random ones against those of all steps.

    Args:
        rows: With `prompt` and `step_scores_w4`, that of every step; rows without are left out.
        seed: Of the samples. The window of a step is the same in a sample, so its score is too.

    Returns:
        For each number of `steps`: the `responses` that have more, their `mean difference` in nats, and
        within prompts the `tau` of the sampled with the full order, the mean over all samples.
    """
    known = rows[rows["step_scores_w4"].notna()]
    scores = [np.asarray(some, dtype=float) for some in known["step_scores_w4"]]
    rng = np.random.default_rng(seed)
    found = []
    for count in COUNTS:
        drawn = np.array([_means(some, count, rng) for some in scores])
        whole = np.array([some.mean() for some in scores])
        longer = np.array([len(some) > count for some in scores])
        apart = np.abs(drawn - whole[:, None])[longer]
        table = pd.DataFrame(drawn).assign(whole=whole, prompt=known["prompt"].tolist(), tokens=0)
        samples = list(range(DRAWS))
        pairs = pairs_of(table, [*samples, "whole"])
        pairs["sampled"] = pairs[samples].mean(axis=1)
        found.append(
            {
                "steps": count,
                "responses": int(longer.sum()),
                "mean difference": float(apart.mean()) if len(apart) else float("nan"),
                "tau": asdict(tau_between(pairs, "sampled", "whole")),
            }
        )
    return found


def _means(scores: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Means of samples without replacement, `DRAWS` of them."""
    order = rng.random((DRAWS, len(scores))).argsort(axis=1)
    return scores[order[:, :count]].mean(axis=1)
