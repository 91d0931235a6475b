"""Log-probability of a token by its position in the response, under the full prefix and under windows."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from real_text.certainty import over_prompts
from real_text.steps import REPETITIVE, compressed_share, mean_per_token, step_table

SERIES = {
    "full": "full prefix",
    "windows": "windows of four steps",
}
GAP = "full minus windows"


@dataclass(frozen=True)
class Places:
    """Where positions are parted, in tokens; fixed before any score was looked at.

    Args:
        edges: Of the curve.
        early, late: What a response changes by is its mean from `late` on, less its mean before `early`.
    """

    edges: tuple[int, ...] = (0, 250, 500, 1000, 2000, 3000)
    early: int = 1000
    late: int = 2000


# For short answers. Added after the scores of long traces had been looked at.
SHORT = Places(edges=(0, 50, 100, 200, 400), early=50, late=100)


def by_position(rows: pd.DataFrame, places: Places) -> dict[str, Any]:
    """Curves, and how much responses change along the way, for all rows and for parts of them.

    Only of the steps that both have scored, so that the text is the same.
    """
    steps = step_table(rows).dropna(subset=["full", "windows"])
    parts = {"all": rows.index}
    parts |= {f"domain {name}": some.index for name, some in rows.groupby("domain")}
    known = rows["is_correct"].dropna().astype(bool)
    parts |= {"right": known.index[known], "wrong": known.index[~known]}
    shares = rows["response"].map(compressed_share)
    parts |= {
        "repetitive": rows.index[shares < REPETITIVE],
        "not repetitive": rows.index[shares >= REPETITIVE],
    }
    parts |= {f"teacher {name}": some.index for name, some in rows.groupby("teacher")}
    prompts = rows["prompt"]
    changes = {name: _changes(steps, name, places) for name in SERIES}
    changes[GAP] = changes["full"] - changes["windows"]
    means = {name: _means(steps, name, places.edges) for name in SERIES}
    means[GAP] = means["full"] - means["windows"]
    return {
        "places": asdict(places),
        "curves": {name: _curve(some, prompts, places.edges) for name, some in means.items()},
        "changes": {
            part: {name: _estimate(some, prompts, members) for name, some in changes.items()}
            for part, members in parts.items()
        },
    }


def _means(steps: pd.DataFrame, score: str, edges: Sequence[int]) -> pd.Series:
    """For each row and each part of it, as two levels of the index: mean log-probability of a token."""
    place = np.searchsorted(edges, steps["position"], side="right") - 1
    return steps.groupby(["row", place]).apply(mean_per_token, score)


def _curve(means: pd.Series, prompts: pd.Series, edges: Sequence[int]) -> list[Mapping[str, Any]]:
    """Mean over prompts in every part of the response."""
    points = []
    for number, start in enumerate(edges):
        here = means[means.index.get_level_values(1) == number].droplevel(1)
        points.append({"from": start, **_estimate(here, prompts, here.index)})
    return points


def _changes(steps: pd.DataFrame, score: str, places: Places) -> pd.Series:
    """For each row: mean log-probability of a token late in the response, less that of an early one."""
    late = steps[steps["position"] >= places.late].groupby("row").apply(mean_per_token, score)
    early = steps[steps["position"] < places.early].groupby("row").apply(mean_per_token, score)
    return late - early


def _estimate(values: pd.Series, prompts: pd.Series, members: pd.Index) -> dict[str, float]:
    some = values.reindex(members)
    return asdict(over_prompts(some.tolist(), prompts.loc[members].tolist()))
