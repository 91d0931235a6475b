"""The plot of a teacher ranking."""

from pathlib import Path

from local_naturalness.teachers.figure import new_figure, save_figure
from local_naturalness.teachers.result import TeacherRanking
from local_naturalness.teachers.text import shown_table

_BESIDE = ("mean", "P(best)", "accuracy", "tokens", "repeated")


def plot_ranking(ranking: TeacherRanking, path: Path) -> Path:
    """Gaps to the leader with their paired intervals, best on top, one panel per group."""
    heights = [len(group.table) for group in ranking.groups]
    figure, panels = new_figure(
        rows=len(heights),
        height=0.4 * sum(heights) + 1.1 * len(heights),
        height_ratios=heights,
        width=11,
    )
    for number, (group, panel) in enumerate(zip(ranking.groups, panels, strict=True), start=1):
        table, shown = group.table.iloc[::-1], shown_table(group).iloc[::-1]
        places = range(len(table))
        reach = [table["gap"] - table["gap_low"], table["gap_high"] - table["gap"]]
        # A gap outside its own interval would be a negative length, which matplotlib refuses.
        panel.errorbar(table["gap"], places, xerr=[side.clip(lower=0) for side in reach], fmt="o", capsize=3)
        panel.axvline(0, color="grey", linewidth=0.8, zorder=0)
        panel.set_yticks(places, table["teacher"])
        panel.set_ylim(-0.5, len(table) - 0.5)
        beside = [name for name in _BESIDE if name in shown]
        right = panel.secondary_yaxis("right")
        right.set_yticks(
            places, ["  ".join(f"{name} {row[name]}" for name in beside) for _, row in shown.iterrows()]
        )
        right.tick_params(length=0, labelsize="small")
        if len(heights) > 1:
            panel.set_title(f"group {number} (groups are not comparable)", fontsize="small")
    better = "higher" if ranking.direction == "high" else "lower"
    panels[-1].set_xlabel(f"{ranking.criterion}, {better} is better: gap to the leader, paired 95 % interval")
    return save_figure(figure, path)
