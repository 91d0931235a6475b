"""Draw the figures at the top of the evidence page, from the numbers in `docs/evidence`.

    python examples/distill/plot_findings.py docs/evidence

The folder has `real-text.json` of `report_real_text.py` and `teachers-criteria.json` of `run.py`. The figures
`finding-position.svg` and `finding-teachers.svg` are written to it.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import pandas as pd
from harness.plots import save
from matplotlib.figure import Figure
from real_text.positions import GAP


def plot_position(summary: dict[str, Any], path: Path) -> None:
    """What the full prefix adds to the log-probability of a token, by position; a line for each student."""
    figure = Figure(figsize=(5.2, 3.2), layout="constrained")
    panel = figure.subplots()
    starts: list[int] = []
    for number, (student, one) in enumerate(summary["students"].items()):
        if "positions" not in one:
            continue
        points = [point for point in one["positions"]["curves"][GAP] if point["low"] is not None]
        starts = max(starts, [point["from"] for point in points], key=len)
        places = range(len(points))
        label = f"{student}, {one['samples']['long']['rows']} traces"
        panel.plot(places, [point["mean"] for point in points], "o-", color=f"C{number}", label=label)
        panel.fill_between(
            places,
            [point["low"] for point in points],
            [point["high"] for point in points],
            color=f"C{number}",
            alpha=0.15,
        )
    panel.axhline(0, color="grey", linewidth=0.5)
    panel.set_xticks(range(len(starts)), [f"{start:,}" for start in starts])
    panel.set_xlabel("position of a token in the trace, from")
    panel.set_ylabel("full prefix minus window (nats)")
    panel.legend(fontsize="small")
    save(figure, path)


def plot_spearman(against: pd.DataFrame, path: Path) -> None:
    """Spearman's correlation of every criterion's teacher means with accuracy, and its interval.

    Args:
        against: See `criteria_against_training`.
        path: The figure's file.
    """
    rows = against.iloc[::-1]
    figure = Figure(figsize=(5.2, 0.8 + 0.22 * len(rows)), layout="constrained")
    panel = figure.subplots()
    reach = [rows["spearman"] - rows["spearman_low"], rows["spearman_high"] - rows["spearman"]]
    panel.errorbar(rows["spearman"], range(len(rows)), xerr=reach, fmt="o", capsize=2, markersize=4)
    panel.set_yticks(range(len(rows)), rows["criterion"], fontsize="small")
    panel.axvline(0, color="grey", linewidth=0.5)
    panel.set_xlim(-1, 1)
    panel.set_xlabel("Spearman of teacher means with accuracy")
    save(figure, path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="with the numbers; gets the figures")
    folder = parser.parse_args().folder
    summary = json.loads((folder / "real-text.json").read_text(encoding="utf-8"))
    plot_position(summary, folder / "finding-position.svg")
    plot_spearman(pd.read_json(folder / "teachers-criteria.json"), folder / "finding-teachers.svg")


if __name__ == "__main__":
    main()
