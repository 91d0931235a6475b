"""What became of each criterion as chains grew: tables and a figure over experiments of several lengths."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from harness.plots import save
from harness.results import UNTRAINED
from local_naturalness.comparison.outcomes import spearman

SHOWN = {
    "local_naturalness_w2": "local, window 2",
    "local_naturalness_w4": "local, window 4",
    "local_naturalness_w8": "local, window 8",
    "global_naturalness_by_step": "global by step",
    "global_naturalness": "global",
    "rank_surprisal_ratio": "rank-surprisal ratio",
    "learnability": "learnability",
}

Records = Sequence[Mapping[str, Any]]


def table_of_criteria(criteria: Mapping[str, Records]) -> pd.DataFrame:
    """Spearman's correlation with accuracy, its interval, and the first teacher with its accuracy.

    Args:
        criteria: Length -> records of `criteria_against_training`.

    Returns:
        A row for each criterion, in the order of the first length, and two columns for each length.
    """
    cells: dict[str, dict[str, str]] = {}
    for length, records in criteria.items():
        for one in records:
            row = cells.setdefault(one["criterion"], {})
            row[f"{length}: Spearman"] = _interval(
                one["spearman"], one["spearman_low"], one["spearman_high"], "+"
            )
            accuracy = one["its_accuracy"]
            reached = "" if accuracy is None else f" ({accuracy:.2f})"
            row[f"{length}: first teacher"] = f"{one['first_teacher']}{reached}"
    return pd.DataFrame([{"criterion": name, **row} for name, row in cells.items()]).fillna("")


def table_of_teachers(outcomes: Mapping[str, Records]) -> pd.DataFrame:
    """Accuracies of students with intervals, and tokens of the responses they learned from.

    Args:
        outcomes: Length -> records of `Outcome`, those of teachers trained on alone.
    """
    cells: dict[str, dict[str, str]] = {}
    for length, records in outcomes.items():
        for one in records:
            found = one["accuracy"]
            row = cells.setdefault(one["selection"], {})
            row[f"{length}: accuracy"] = _interval(found["mean"], found["low"], found["high"])
            tokens = one["tokens_per_response"]
            row[f"{length}: tokens"] = f"{tokens:.0f}" if one["selection"] != UNTRAINED else ""
    return pd.DataFrame([{"trained on": name, **row} for name, row in cells.items()]).fillna("")


def table_of_agreement(students: Sequence[Mapping[str, Records]]) -> pd.DataFrame:
    """Spearman's correlation between the accuracies of the same teachers in two trainings.

    No criterion can be expected to say more about a training than another training does.

    Args:
        students: For each pretrained student, length -> records of `Outcome`.

    Returns:
        A row for each length: `another seed`, mean over all pairs of seeds of a student, and with several
        students `another student`, mean over all pairs of them, of the accuracies averaged over seeds; empty
        where there is no pair.
    """
    table = []
    for length in students[0]:
        seeds = [_accuracies(one[length]) for one in students if length in one]
        pairs = [
            _spearman(some[first], some[second]) for some in seeds for first, second in combinations(some, 2)
        ]
        means = [some.mean(axis="columns") for some in seeds]
        others = [_spearman(first, second) for first, second in combinations(means, 2)]
        row = {"assignments": length, "another seed": _mean(pairs)}
        table.append(row | {"another student": _mean(others)} if len(students) > 1 else row)
    return pd.DataFrame(table)


def _accuracies(records: Records) -> pd.DataFrame:
    """A row for each teacher, a column for each seed; NaN where a teacher has fewer."""
    found = {one["selection"]: one["accuracies"] for one in records if one["selection"] != UNTRAINED}
    return pd.DataFrame({teacher: pd.Series(some) for teacher, some in found.items()}).T


def _spearman(first: pd.Series, second: pd.Series) -> float:
    """Over the teachers that both have; NaN for a single one."""
    return spearman(first.to_numpy(), second.reindex(first.index).to_numpy())


def _mean(correlations: Sequence[float]) -> str:
    """Of those that could be told; nothing if there is none."""
    told = [one for one in correlations if not np.isnan(one)]
    return f"{np.mean(told):+.2f}" if told else ""


def plot_lengths(criteria: Mapping[str, Records], path: Path) -> None:
    """Spearman's correlation by length, a line for each criterion, with the intervals of two of them."""
    figure = Figure(figsize=(6.5, 4), layout="constrained")
    panel = figure.subplots()
    places = range(len(criteria))
    for name, label in SHOWN.items():
        found = [next((one for one in some if one["criterion"] == name), None) for some in criteria.values()]
        if None in found:
            continue
        means = [one["spearman"] for one in found]
        (line,) = panel.plot(places, means, "o-", label=label)
        if name in ("local_naturalness_w4", "global_naturalness"):
            low, high = ([one[f"spearman_{side}"] for one in found] for side in ("low", "high"))
            panel.fill_between(places, low, high, color=line.get_color(), alpha=0.15)
    panel.axhline(0, color="grey", linewidth=0.5)
    panel.set_xticks(places, list(criteria))
    panel.set_xlabel("assignments in a chain")
    panel.set_ylabel("Spearman, teacher means and accuracy")
    panel.legend(fontsize="small")
    save(figure, path)


def _interval(mean: float | None, low: float | None, high: float | None, sign: str = "") -> str:
    """A number with its interval; nothing where it could not be told."""
    if mean is None:
        return ""
    reach = "" if low is None or high is None else f" ({low:{sign}.2f} to {high:{sign}.2f})"
    return f"{mean:{sign}.2f}{reach}"
