"""The result of `compare_criteria`."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from local_naturalness.teachers.figure import new_figure


@dataclass(frozen=True)
class CriteriaComparison:
    """What criteria have in common and what each would choose.

    Args:
        picks: One row per criterion; see `to_pandas`.
        tau: Kendall's tau-b within prompts, averaged over prompts, criteria by criteria.
        overlap: Share of prompts with the same pick, criteria by criteria.
        teacher_shares: Share of the picks by teacher, criteria by teachers.
        notes: What limits the comparison.
    """

    picks: pd.DataFrame
    tau: pd.DataFrame
    overlap: pd.DataFrame
    teacher_shares: pd.DataFrame
    notes: Sequence[str]

    def to_pandas(self) -> pd.DataFrame:
        """One row per criterion.

        Returns:
            Columns: `criterion`, `direction`, `num_prompts` (with a pick), `num_tokens`,
            `num_steps` and `tokens_per_step` (means over the picks, where the dataset has them),
            and with outcomes `spearman` (of teacher means with outcomes, both as higher is
            better), `spearman_low`, `spearman_high` (95 % interval) and `num_teachers`.
        """
        return self.picks.copy()

    def __str__(self) -> str:
        def table(frame: pd.DataFrame, **options: bool) -> str:
            return frame.to_string(float_format="{:.3f}".format, **options)

        return "\n".join(
            [
                "What each criterion picks (one response per prompt)",
                table(self.picks, index=False),
                "",
                "Share of picks by teacher",
                table(self.teacher_shares),
                "",
                "Kendall's tau within prompts",
                table(self.tau),
                "",
                "Share of prompts with the same pick",
                table(self.overlap),
                *(f"Note: {note}" for note in self.notes),
            ]
        )

    def plot(self, path: str | Path) -> Path:
        """Draw the agreement of criteria and their teacher shares to a file.

        Args:
            path: Where to; the ending gives the format (`.png`, `.pdf`, `.svg`).

        Raises:
            ImportError: matplotlib is not installed.
        """
        frames = {
            "Kendall's tau within prompts": self.tau,
            "Share of prompts with the same pick": self.overlap,
            "Share of picks by teacher": self.teacher_shares,
        }
        figure, panels = new_figure(rows=3, height=3 * (1.2 + 0.4 * len(self.tau)))
        for panel, (title, frame) in zip(panels, frames.items(), strict=True):
            panel.imshow(frame, vmin=-2, vmax=2, cmap="RdBu", aspect="auto")
            panel.set_title(title, fontsize="medium")
            panel.set_xticks(range(frame.shape[1]), frame.columns, rotation=30, ha="right")
            panel.set_yticks(range(frame.shape[0]), frame.index)
            for row, numbers in enumerate(frame.to_numpy()):
                for column, number in enumerate(numbers):
                    panel.text(column, row, f"{number:.2f}", ha="center", va="center")
        figure.savefig(path)
        return Path(path)
