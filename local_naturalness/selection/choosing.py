"""From columns to the rows that are selected and the reasons why the others are not."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from local_naturalness.selection.by_values import score_rows
from local_naturalness.selection.candidates import (
    Ranking,
    chi2_weights,
    group_starts,
    rank_rows,
)
from local_naturalness.selection.exchange import cap_teacher_share, match_teacher_counts
from local_naturalness.selection.reasons import CODES, count_outcome
from local_naturalness.selection.settings import Settings
from local_naturalness.tables import Columns, require_moderate, rows_where

# Written by an earlier selection, these are replaced or dropped.
OUTPUT_COLUMNS = ("selection_score", "selection_rank", "selection_weight", "rejection_reason")


@dataclass(frozen=True)
class Choice:
    """The outcome for one table.

    Args:
        rows: The selected rows, in the order of the result.
        added: Their new columns, aligned with `rows`.
        score: The score of every row of the table, NaN where there is none.
        reason: For every row of the table the place of its reason in `REASONS` plus 1; 0 if
            selected.
        counts: What happened to how many rows, JSON-ready.
    """

    rows: np.ndarray
    added: dict[str, pa.Array]
    score: np.ndarray
    reason: np.ndarray
    counts: dict[str, Any]

    def rejected(self) -> tuple[np.ndarray, dict[str, pa.Array]]:
        """The rows not selected, in table order, and their new columns."""
        rows = np.flatnonzero(self.reason)
        return rows, {
            "selection_score": pa.array(self.score[rows], from_pandas=True),
            "rejection_reason": pa.array(CODES).take(pa.array(self.reason[rows])),
        }


def choose(columns: Columns, passes_where: np.ndarray | None, settings: Settings) -> Choice:
    """Apply the settings to a table.

    Args:
        columns: The table.
        passes_where: Shape [rows]: the verdict of a `where` function; `None` when it is text or absent.
    """
    prompt = columns.prompt_codes(settings.prompt_column)
    reason = np.zeros(len(prompt), dtype=np.int8)
    if isinstance(settings.where, str):
        passes_where = rows_where(columns, settings.where)
    if passes_where is not None:
        reason[~passes_where] = CODES.index("where")
    reason[prompt < 0] = CODES.index("missing_prompt")
    scores = score_rows(columns, prompt, reason == 0, settings)
    reason[(reason == 0) & np.isnan(scores.values)] = CODES.index("null_score")
    if settings.min_score is not None:
        reason[(reason == 0) & scores.worse_than(settings.min_score)] = CODES.index("min_score")

    if settings.weights is not None or settings.max_teacher_share is not None:
        require_moderate(scores.values[reason == 0], str(settings.by), "compared by their gaps")
    wanted = 1 if settings.mode == "best" else -1
    ranking = rank_rows(prompt, wanted * scores.better, reason == 0, wanted * scores.order)
    in_top_k = np.ones(len(ranking.rows), dtype=bool)
    if settings.k is not None:
        in_top_k = ranking.position < settings.k
    teacher, names = None, []
    if settings.teacher_column in columns.names:
        teacher, names = columns.labels(settings.teacher_column)
    picked = _exchange(ranking, in_top_k, teacher, names, settings)
    reason[ranking.rows[~picked]] = CODES.index("not_in_top_k")
    reason[ranking.rows[in_top_k & ~picked]] = CODES.index("teacher_share")

    rows = ranking.rows[picked]
    starts = group_starts(prompt[rows])
    added = {
        "selection_score": pa.array(scores.values[rows]),
        "selection_rank": pa.array((np.arange(len(rows)) - starts + 1).astype(np.int32)),
    }
    if settings.weights is not None:
        added["selection_weight"] = pa.array(chi2_weights(ranking, picked))
    counts = count_outcome(prompt, reason, teacher, names, rows)
    return Choice(rows, added, scores.values, reason, counts)


def _exchange(
    ranking: Ranking,
    in_top_k: np.ndarray,
    teacher: np.ndarray | None,
    names: list[str],
    settings: Settings,
) -> np.ndarray:
    if not settings.looks_at_whole_dataset or not in_top_k.any():
        return in_top_k
    # A row without a teacher counts as answered by one more, nameless teacher.
    of_candidate = np.where(teacher < 0, len(names), teacher)[ranking.rows]
    names = [*names, "(no teacher)"]
    if settings.match_counts is None:
        share = settings.max_teacher_share
        return cap_teacher_share(ranking, in_top_k, of_candidate, share, names)
    unknown = [name for name in settings.match_counts if name not in names]
    if unknown:
        raise ValueError(
            f"`match` holds teachers that the dataset does not: {unknown}; found: {names[:-1]}. "
            "Pass a selection made from the same candidates."
        )
    wanted = np.array([settings.match_counts.get(name, 0) for name in names])
    target = _apportion(wanted, int(in_top_k.sum()))
    return match_teacher_counts(ranking, in_top_k, of_candidate, target, names)


def _apportion(counts: np.ndarray, total: int) -> np.ndarray:
    """Whole numbers in proportion to `counts` that sum to `total` (largest remainder)."""
    exact = counts * total / counts.sum()
    whole = np.floor(exact).astype(np.int64)
    remainder = np.argsort(whole - exact, kind="stable")
    whole[remainder[: total - whole.sum()]] += 1
    return whole
