"""The result of `rank_teachers`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from local_naturalness.tables.text import terminal_width
from local_naturalness.teachers.explained_gap import ExplainedGap
from local_naturalness.teachers.text import ranking_dict, ranking_html, ranking_markdown, ranking_text
from local_naturalness.visible import visible


@dataclass(frozen=True)
class TeacherGroup:
    """Teachers that are linked by shared prompts, directly or through other teachers; best first.

    Args:
        table: One row per teacher. `TeacherRanking.to_pandas` explains the columns.
        num_prompts: Number of prompts with a valid row of any of the teachers.
        num_complete_prompts: Number of prompts with a valid row of all of the teachers.
        num_compared_prompts: Number of prompts with a valid row of at least two of the teachers.
        stable_order_from: About how many prompts are enough for this order: with that many or more, 95 % of
            random subsets give the same order. `None` if half of the prompts are too few, or if fewer than
            ten prompts compare teachers.
        stable_best_from: The same for the first teacher only.
        warnings: Reasons to doubt the ranking.
        explained: How much of the gap between the first and the last teacher is explained by length, by
            repetition and by correctness, for the traits that the dataset has.
        compared_once: Teachers that a single prompt compares with others: chance may explain their place.
        tied: The first teacher and all with the same mean.
        rivals: Teachers whose gap to the first one may be due to chance, the likeliest to be best first.
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
    compared_once: Sequence[str] = ()
    tied: Sequence[str] = ()
    rivals: Sequence[str] = ()
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
        criterion: The criterion that they are ranked by.
        direction: `"high"` or `"low"`: which values are better.
        groups: Groups of teachers that are linked by shared prompts.
        notes: How special rows were handled.
    """

    criterion: str
    direction: str
    groups: Sequence[TeacherGroup]
    notes: Sequence[str]

    @property
    def best(self) -> str:
        """The best teacher.

        Raises:
            ValueError: There are several groups, so there is no single best teacher.
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
            A table with these columns:

            - `group`: 1, 2, ...; numbers of different groups cannot be compared.
            - `rank`, `teacher`.
            - `mean`, `low`, `high`: the mean of the criterion over the group's prompts (fitted if teachers
              answered different prompts), and its 95 % bootstrap interval.
            - `gap`, `gap_low`, `gap_high`: `mean` minus the leader's mean, and its paired interval. If the
              interval contains 0, the data cannot tell the two teachers apart.
            - `p_best`: the share of bootstrap draws in which the teacher is best.
            - `win_rate`: the share of comparisons on the same prompt that the teacher wins; a tie is half a
              win.
            - `num_prompts`, `num_responses`: the number of valid prompts and rows of the teacher.
            - `mean_complete`: the mean over the prompts that all teachers of the group answered.
            - `accuracy` (among the answers that are marked correct or wrong), `mean_tokens`,
              `repeated_step_share`: plain means over the teacher's own prompts, NaN if the dataset does not
              have them.

            If a single prompt compares a teacher with the others, its intervals and `p_best` are NaN. If it
            is ranked first, no teacher has a `p_best`. With fewer than a hundred bootstrap draws, the
            intervals and `p_best` of all teachers are NaN.
        """
        tables = {number: group.table for number, group in enumerate(self.groups, start=1)}
        return pd.concat(tables, names=["group"]).reset_index("group").reset_index(drop=True)

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
        """Draw the gaps to the leader with their intervals to a file, one panel per group.

        Args:
            path: The file to write. Its extension gives the format (`.png`, `.pdf`, `.svg`).

        Raises:
            ImportError: matplotlib is not installed.
        """
        from local_naturalness.teachers.plot import plot_ranking

        return plot_ranking(self, Path(path))
