"""Results as figures."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure

from harness.experiment import NO_FILTER
from harness.results import UNTRAINED, Outcome


def plot_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """Accuracies and intervals, a panel for each filter, the untrained student as a line."""
    base = next(one for one in outcomes if one.selection == UNTRAINED)
    shown = [one for one in outcomes if one is not base]
    filters = list(dict.fromkeys(one.filter for one in shown))
    largest = max(sum(one.filter == where for one in shown) for where in filters)
    figure = Figure(figsize=(5 * len(filters), 1 + 0.25 * largest), layout="constrained")
    for panel, where in zip(figure.subplots(1, len(filters), squeeze=False)[0], filters, strict=True):
        members = [one for one in shown if one.filter == where][::-1]
        means = [one.accuracy.mean for one in members]
        # By rounding, a bound of an interval without width may lie beyond the mean.
        reach = [
            [max(0.0, one.accuracy.mean - one.accuracy.low) for one in members],
            [max(0.0, one.accuracy.high - one.accuracy.mean) for one in members],
        ]
        panel.errorbar(means, range(len(members)), xerr=reach, fmt="o", capsize=2)
        panel.set_yticks(range(len(members)), [one.selection for one in members])
        panel.axvline(base.accuracy.mean, color="grey", linestyle=":", label="untrained")
        panel.set_xlabel("accuracy")
        panel.set_title("all candidates" if where == NO_FILTER else f"{where} only", fontsize="medium")
        panel.legend(fontsize="small")
    save(figure, path)


def plot_criteria(
    rankings: Mapping[str, pd.DataFrame], against: pd.DataFrame, accuracies: Mapping[str, float], path: Path
) -> None:
    """Teacher means of each criterion against accuracy after training, a panel for each criterion.

    Args:
        rankings: See `rank_by_all`.
        against: See `criteria_against_training`.
        accuracies: Teacher -> accuracy.
        path: The figure's file.
    """
    columns = 4
    rows = -(-len(against) // columns)
    figure = Figure(figsize=(3 * columns, 2.4 * rows), layout="constrained")
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True).flatten()
    for panel, row in zip(panels, against.itertuples(), strict=False):
        means = rankings[row.criterion]["mean"]
        for teacher, accuracy in accuracies.items():
            if teacher not in means:  # none of its responses has this score
                continue
            panel.plot(means[teacher], accuracy, "o")
            panel.annotate(teacher, (means[teacher], accuracy), fontsize=6)
        if row.better == "low":
            panel.invert_xaxis()
        panel.set_title(f"{row.criterion}: {row.spearman:.2f}", fontsize=7)
        panel.tick_params(labelsize=6)
    for panel in panels[len(against) :]:
        panel.set_visible(False)
    figure.supylabel("accuracy after training", fontsize="small")
    figure.supxlabel("teacher's mean, better to the right; Spearman's correlation above", fontsize="small")
    save(figure, path)


def save(figure: Figure, path: Path) -> None:
    """Equal results give equal files, in which letters are text and not drawn."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": path.name}):
        figure.savefig(path, metadata={"Date": None})
