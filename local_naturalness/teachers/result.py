"""The result of `rank_teachers`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from local_naturalness.tables.text import terminal_width
from local_naturalness.teachers.text import ranking_dict, ranking_html, ranking_markdown, ranking_text
from local_naturalness.teachers.traits import ExplainedGap
from local_naturalness.visible import visible

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
    "accuracy",
    "mean_tokens",
    "repeated_step_share",
)


@dataclass(frozen=True)
class TeacherGroup:
    """Teachers that share prompts, directly or through others, best first.

    Args:
        table: One row per teacher with the columns that `TeacherRanking.to_pandas` explains.
        num_prompts: Prompts with a valid row of any of them.
        num_complete_prompts: Prompts with a valid row of all of them.
        num_compared_prompts: Prompts with a valid row of two of them or more.
        stable_order_from: About how many prompts suffice for this order: from there on 95 % of
            random subsets give it. `None` when half the prompts are too few, or fewer than ten compare
            teachers.
        stable_best_from: The same for who comes first.
        warnings: Reasons to doubt the ranking.
        explained: How much of the gap between the first and the last teacher goes with length, with
            repetition and with correctness, as far as the dataset tells them.
        is_filtered: Whether a `where` decided which rows count, so that teachers may have answered more.
    """

    table: pd.DataFrame
    num_prompts: int
    num_complete_prompts: int
    num_compared_prompts: int
    stable_order_from: int | None
    stable_best_from: int | None
    warnings: Sequence[str]
    explained: Sequence[ExplainedGap]
    is_filtered: bool = False

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
            prompts that all teachers of the group answered), and the plain means over its own prompts
            `accuracy` (share of right answers, of those with a verdict), `mean_tokens` and
            `repeated_step_share`, NaN where the dataset does not tell. Intervals and `p_best`
            are NaN for a teacher that a single prompt compares with the others.
        """
        tables = [group.table.assign(group=number) for number, group in enumerate(self.groups, start=1)]
        return pd.concat(tables, ignore_index=True)[list(COLUMNS)]

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data that JSON can hold: tables row by row, notes, warnings, explained gaps."""
        return ranking_dict(self)

    def to_markdown(self) -> str:
        """What `str()` prints, in Markdown."""
        return ranking_markdown(self)

    def __str__(self) -> str:
        return visible(ranking_text(self, terminal_width()))

    def _repr_html_(self) -> str:
        return ranking_html(self)

    def plot(self, path: str | Path) -> Path:
        """Draw the gaps to the leader with their intervals, one panel per group, to a file.

        Args:
            path: Where to; the ending gives the format (`.png`, `.pdf`, `.svg`).

        Raises:
            ImportError: matplotlib is not installed.
        """
        from local_naturalness.teachers.plot import plot_ranking

        return plot_ranking(self, Path(path))
