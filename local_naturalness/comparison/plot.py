"""The plot of a comparison of criteria."""

from pathlib import Path
from typing import Any

import pandas as pd

from local_naturalness.comparison.result import CriteriaComparison
from local_naturalness.teachers.figure import new_figure, save_figure


def plot_comparison(comparison: CriteriaComparison, path: Path) -> Path:
    """Agreement, picks and teacher shares; with outcomes, also ranks of teachers and correlations."""
    frames = {
        "Kendall's tau within prompts": comparison.tau,
        "Share of prompts with the same pick": comparison.overlap,
        "Share of picks by teacher": comparison.teacher_shares,
    }
    means = comparison.teacher_means
    rows = len(frames) + 2 * (means is not None)
    figure, panels = new_figure(rows=rows, height=rows * (1.2 + 0.4 * len(comparison.tau)))
    for panel, (title, frame) in zip(panels, frames.items(), strict=False):
        _draw_table(panel, title, frame, "{:.2f}", shade=frame)
    if means is not None:
        places = means.rank(axis=1, ascending=False, method="average")
        places.columns = [f"{name}: {outcome:.3g}" for name, outcome in means.loc["outcome"].items()]
        title = "Rank of each teacher by each criterion and by its outcome (1 = best)"
        middle = (1 + len(places.columns)) / 2
        _draw_table(panels[-2], title, places, "{:.3g}", shade=(middle - places) / middle)
        _draw_spearman(panels[-1], comparison.picks.dropna(subset="num_teachers"))
    return save_figure(figure, path)


def _draw_table(panel: Any, title: str, frame: pd.DataFrame, text: str, shade: pd.DataFrame) -> None:
    panel.imshow(shade, vmin=-2, vmax=2, cmap="RdBu", aspect="auto")
    panel.set_title(title, fontsize="medium")
    panel.set_xticks(range(frame.shape[1]), frame.columns, rotation=30, ha="right")
    panel.set_yticks(range(frame.shape[0]), frame.index)
    for row, numbers in enumerate(frame.to_numpy()):
        for column, number in enumerate(numbers):
            panel.text(column, row, text.format(number), ha="center", va="center")


def _draw_spearman(panel: Any, picks: pd.DataFrame) -> None:
    picks = picks.iloc[::-1]
    places = range(len(picks))
    reach = [picks["spearman"] - picks["spearman_low"], picks["spearman_high"] - picks["spearman"]]
    panel.errorbar(picks["spearman"], places, xerr=[side.clip(lower=0) for side in reach], fmt="o", capsize=3)
    panel.axvline(0, color="grey", linewidth=0.8, zorder=0)
    panel.set_yticks(places, picks["criterion"])
    panel.set_xlim(-1.05, 1.05)
    panel.set_ylim(-0.5, len(picks) - 0.5)
    panel.set_title("Spearman of teacher means with the outcomes, 95 % interval", fontsize="medium")
