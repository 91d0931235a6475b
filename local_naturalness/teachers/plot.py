"""The picture of a teacher ranking."""

from pathlib import Path

from local_naturalness.teachers.figure import new_figure
from local_naturalness.teachers.result import TeacherRanking


def plot_ranking(ranking: TeacherRanking, path: Path) -> Path:
    """Means with intervals, best on top, one panel per group."""
    heights = [len(group.table) for group in ranking.groups]
    figure, panels = new_figure(
        rows=len(heights), height=0.35 * sum(heights) + 0.9 * len(heights), height_ratios=heights
    )
    for number, (group, panel) in enumerate(zip(ranking.groups, panels, strict=True), start=1):
        table = group.table.iloc[::-1]
        reach = [table["mean"] - table["low"], table["high"] - table["mean"]]
        panel.errorbar(table["mean"], range(len(table)), xerr=reach, fmt="o", capsize=3)
        panel.set_yticks(range(len(table)), table["teacher"])
        panel.set_ylim(-0.5, len(table) - 0.5)
        if len(heights) > 1:
            panel.set_title(f"group {number} (groups are not comparable)", fontsize="small")
    better = "higher" if ranking.direction == "high" else "lower"
    panels[-1].set_xlabel(f"{ranking.criterion}, {better} is better; 95 % interval over prompts")
    figure.savefig(path)
    return path
