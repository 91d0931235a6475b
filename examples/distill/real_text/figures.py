"""The summary as figures."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.plots import save
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from real_text.positions import GAP, SERIES
from real_text.tables import FEWEST_PAIRS

COLOURS = {"full": "C3", "windows": "C0"}


def plot_positions(summary: Mapping[str, Any], path: Path) -> None:
    """Log-probability by position, full prefix and windows on the same steps, and beside it their difference.

    A row for each student.
    """
    students = {name: one["positions"] for name, one in summary["students"].items() if "positions" in one}
    figure = Figure(figsize=(9, 0.4 + 3 * len(students)), layout="constrained")
    panels = figure.subplots(len(students), 2, squeeze=False)
    for (left, right), (student, found) in zip(panels, students.items(), strict=True):
        for name, colour in COLOURS.items():
            _draw(left, found["curves"][name], colour, SERIES[name])
        _draw(right, found["curves"][GAP], "C2", "full prefix minus windows")
        right.axhline(0, color="grey", linewidth=0.5)
        for panel in (left, right):
            starts = [point["from"] for point in found["curves"]["windows"]]
            panel.set_xticks(range(len(starts)), [f"{start:,}" for start in starts])
            panel.set_xlabel("position in the response, from token")
            panel.legend(fontsize="small")
        left.set_ylabel("log-probability of a token (nats)")
        right.set_ylabel("difference on the same steps (nats)")
        left.set_title(student, fontsize="medium")
    save(figure, path)


def plot_lengths(summary: Mapping[str, Any], pair: str, path: Path) -> None:
    """Kendall's tau of two criteria within prompts, by the length of responses; a line for each student."""
    figure = Figure(figsize=(5, 3.2), layout="constrained")
    panel = figure.subplots()
    for number, (student, one) in enumerate(summary["students"].items()):
        found = [
            (group["from"], group[pair])
            for group in one["agreement by length"]
            if group[pair]["pairs"] >= FEWEST_PAIRS
        ]
        reach = [
            [value["tau"] - value["low"] for _, value in found],
            [value["high"] - value["tau"] for _, value in found],
        ]
        places = [start for start, _ in found]
        taus = [value["tau"] for _, value in found]
        panel.errorbar(places, taus, yerr=reach, fmt="o-", capsize=2, color=f"C{number}", label=student)
    panel.axhline(0, color="grey", linewidth=0.5)
    panel.set_xlabel("tokens of the two responses, from")
    panel.set_ylabel(f"Kendall's tau, {pair}")
    panel.legend(fontsize="small")
    save(figure, path)


def _draw(panel: Axes, points: list[Mapping[str, Any]], colour: str, label: str) -> None:
    known = [(place, point) for place, point in enumerate(points) if point["mean"] is not None]
    places = [place for place, _ in known]
    panel.plot(places, [point["mean"] for _, point in known], "o-", color=colour, label=label)
    sure = [(place, point) for place, point in known if point["low"] is not None]
    panel.fill_between(
        [place for place, _ in sure],
        [point["low"] for _, point in sure],
        [point["high"] for _, point in sure],
        color=colour,
        alpha=0.15,
    )
