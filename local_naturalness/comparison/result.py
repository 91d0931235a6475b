"""The result of `compare_criteria`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from local_naturalness.comparison.text import (
    comparison_dict,
    comparison_html,
    comparison_markdown,
    comparison_text,
)
from local_naturalness.tables.text import terminal_width
from local_naturalness.visible import visible


@dataclass(frozen=True)
class CriteriaComparison:
    """How far criteria agree, and what each of them would choose.

    Args:
        picks: One row per criterion; see `to_pandas`.
        tau: Kendall's tau-b within prompts, averaged over prompts, criteria by criteria.
        overlap: Share of prompts with the same pick, criteria by criteria.
        teacher_shares: Share of the picks by teacher, criteria by teachers.
        notes: Caveats about the comparison.
        teacher_means: With outcomes: for the teachers that have an outcome, their means by each criterion
            and, in the last row, their outcomes. Otherwise `None`.
    """

    picks: pd.DataFrame
    tau: pd.DataFrame
    overlap: pd.DataFrame
    teacher_shares: pd.DataFrame
    notes: Sequence[str]
    teacher_means: pd.DataFrame | None = None

    def to_pandas(self) -> pd.DataFrame:
        """One row per criterion.

        Returns:
            Columns: `criterion`, `direction`, `num_prompts` (with a pick), `num_tokens`,
            `num_steps`, `tokens_per_step`, `accuracy` and `repeated_step_share` (means over the
            picks, where the dataset has them), and with outcomes `spearman` (of teacher means with
            outcomes, both as higher is better), `spearman_low`, `spearman_high` (95 % interval)
            and `num_teachers`.
        """
        return self.picks.copy()

    def to_dict(self) -> dict[str, Any]:
        """Everything as plain data that JSON can hold: `picks` row by row, the other tables by name."""
        return comparison_dict(self)

    def to_markdown(self) -> str:
        """What `str()` prints, in Markdown."""
        return comparison_markdown(self)

    def __str__(self) -> str:
        return visible(comparison_text(self, terminal_width()))

    def _repr_html_(self) -> str:
        return comparison_html(self)

    def plot(self, path: str | Path) -> Path:
        """Draw the agreement of the criteria, their teacher shares and their fit with outcomes to a file.

        Args:
            path: The file to write. Its extension gives the format (`.png`, `.pdf`, `.svg`).

        Raises:
            ImportError: matplotlib is not installed.
        """
        from local_naturalness.comparison.plot import plot_comparison

        return plot_comparison(self, Path(path))
