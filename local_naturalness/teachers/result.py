"""The result of `rank_teachers`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

COLUMNS = (
    "group",
    "rank",
    "teacher",
    "mean",
    "low",
    "high",
    "gap",
    "gap_low",
    "gap_high",
    "p_best",
    "win_rate",
    "num_prompts",
    "num_responses",
    "mean_complete",
)


@dataclass(frozen=True)
class TeacherGroup:
    """Teachers that share prompts, directly or through others, best first.

    Args:
        table: One row per teacher with the columns that `TeacherRanking.to_pandas` explains.
        num_prompts: Prompts with a valid row of any of them.
        num_complete_prompts: Prompts with a valid row of all of them.
        stable_order_from: About how many prompts suffice for this order: from there on 95 % of
            random subsets give it. `None` when half the prompts are too few.
        stable_best_from: The same for who comes first.
        warnings: Reasons to doubt the ranking.
    """

    table: pd.DataFrame
    num_prompts: int
    num_complete_prompts: int
    stable_order_from: int | None
    stable_best_from: int | None
    warnings: Sequence[str]

    @property
    def best(self) -> str:
        """The teacher ranked first."""
        return self.table["teacher"].iloc[0]

    @property
    def teachers(self) -> list[str]:
        """Best first."""
        return self.table["teacher"].tolist()


@dataclass(frozen=True)
class TeacherRanking:
    """Teachers ranked by a criterion, group by group; groups are not comparable.

    Args:
        criterion: What they are ranked by.
        direction: "high" or "low": which is better.
        groups: Groups of teachers that share prompts.
        notes: What was done with special rows.
    """

    criterion: str
    direction: str
    groups: Sequence[TeacherGroup]
    notes: Sequence[str]

    @property
    def best(self) -> str:
        """The best teacher.

        Raises:
            ValueError: There are several groups, whose teachers cannot be compared.
        """
        if len(self.groups) != 1:
            listed = [group.teachers for group in self.groups]
            raise ValueError(
                f"There is no single best teacher: {len(listed)} groups of teachers share no "
                f"prompt and cannot be compared: {listed}. Use `[group.best for group in "
                "ranking.groups]`."
            )
        return self.groups[0].best

    @property
    def warnings(self) -> list[str]:
        """The warnings of all groups."""
        return [warning for group in self.groups for warning in group.warnings]

    def to_pandas(self) -> pd.DataFrame:
        """One row per teacher, groups one after another, best first.

        Returns:
            Columns: `group` (1, 2, ...; numbers of different groups are not comparable), `rank`,
            `teacher`, `mean` (of the criterion over the group's prompts; fitted where
            teachers answered different ones), `low` and `high` (95 % bootstrap interval of it),
            `gap` (`mean` minus the leader's) with `gap_low` and `gap_high` (paired interval: 0
            inside means undecided), `p_best` (share of draws in which the teacher is best),
            `win_rate` (share of comparisons on the same prompt it wins, ties half), `num_prompts`
            and `num_responses` (its valid prompts and rows), `mean_complete` (over the
            prompts that all teachers of the group answered). Intervals and `p_best` are NaN
            for a teacher that a single prompt compares with the others.
        """
        tables = [group.table.assign(group=number) for number, group in enumerate(self.groups, start=1)]
        return pd.concat(tables, ignore_index=True)[list(COLUMNS)]

    def __str__(self) -> str:
        better = "higher" if self.direction == "high" else "lower"
        lines = [f"Teachers by {self.criterion} ({better} is better)"]
        for number, group in enumerate(self.groups, start=1):
            if len(self.groups) > 1:
                lines += ["", f"Group {number}, not comparable with the other groups"]
            lines += [_readable(group.table), _size_of(group)]
            lines += [f"Warning: {warning}" for warning in group.warnings]
        return "\n".join([*lines, *(f"Note: {note}" for note in self.notes)])

    def plot(self, path: str | Path) -> Path:
        """Draw means with their intervals, one panel per group, to a file.

        Args:
            path: Where to; the ending gives the format (`.png`, `.pdf`, `.svg`).

        Raises:
            ImportError: matplotlib is not installed.
        """
        from local_naturalness.teachers.plot import plot_ranking

        return plot_ranking(self, Path(path))


def _readable(table: pd.DataFrame) -> str:
    shown = table[["rank", "teacher", "mean", "low", "high", "p_best", "win_rate", "num_prompts"]]
    text = shown.rename(columns={"p_best": "P(best)", "win_rate": "wins", "num_prompts": "prompts"})
    return text.to_string(
        index=False,
        na_rep="-",
        formatters={
            "mean": "{:.4f}".format,
            "low": "{:.4f}".format,
            "high": "{:.4f}".format,
            "P(best)": "{:.3f}".format,
            "wins": "{:.3f}".format,
        },
    )


def _size_of(group: TeacherGroup) -> str:
    if len(group.table) == 1:
        return f"{group.num_prompts} prompts; one teacher, nothing to compare."

    def needed(number: int | None) -> str:
        return "not with half the prompts" if number is None else f"from about {number} prompts"

    return (
        f"{group.num_prompts} prompts, {group.num_complete_prompts} answered by all; "
        f"order stable {needed(group.stable_order_from)}, "
        f"leader stable {needed(group.stable_best_from)}."
    )
