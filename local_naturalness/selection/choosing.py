"""From columns to the rows that are selected and the reasons why the others are not."""

import logging
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
from local_naturalness.selection.control import draw_control, prompts_of, wanted_by_prompt
from local_naturalness.selection.duplicates import count_ties, repeats_better_one, without
from local_naturalness.selection.reasons import CODES, count_outcome
from local_naturalness.selection.settings import Settings
from local_naturalness.selection.teacher_share import cap_teacher_share
from local_naturalness.selection.traits import describe_traits
from local_naturalness.tables import Columns, first_rows, require_moderate

logger = logging.getLogger(__name__)

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
        counts: Counts of rows by outcome, as plain data.
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


def choose(columns: Columns, passes: np.ndarray | None, settings: Settings) -> Choice:
    """Apply the settings to a table.

    Args:
        columns: The table.
        passes: Which rows pass `where`, shape [rows]; `None` for all.
    """
    prompt = columns.prompt_codes(settings.group_column)
    reason = np.zeros(len(prompt), dtype=np.int8)
    if passes is not None:
        reason[~passes] = CODES.index("where")
    reason[prompt < 0] = CODES.index("missing_prompt")
    scores = score_rows(columns, prompt, reason == 0, settings)
    reason[(reason == 0) & np.isnan(scores.values)] = CODES.index("null_score")
    if settings.min_score is not None:
        reason[(reason == 0) & scores.worse_than(settings.min_score)] = CODES.index("min_score")

    if settings.weights is not None or settings.max_teacher_share is not None:
        require_moderate(scores.values[reason == 0], str(settings.by), "compared by their gaps")
    of_match: np.ndarray | None = None
    wanted = np.zeros(0, dtype=np.int64)
    if settings.match is not None:
        prompt_keys = columns.content_keys(settings.group_column, first_rows(prompt), seed=0)
        of_match = prompts_of(settings.match, prompt_keys)
        wanted = wanted_by_prompt(of_match, len(prompt_keys))
        reason[(reason == 0) & (np.append(wanted, 0)[prompt] == 0)] = CODES.index("not_in_match")
    side = 1 if settings.mode == "best" else -1
    ranking = rank_rows(prompt, side * scores.better, reason == 0, side * scores.order)
    candidates = ranking.rows
    if max(settings.k or 1, wanted.max(initial=0)) > 1:
        ranking = _without_duplicates(columns, ranking, reason, settings)
    in_top_k = np.ones(len(ranking.rows), dtype=bool)
    if settings.match is not None:
        in_top_k = ranking.position < wanted[prompt[ranking.rows]]
    elif settings.k is not None:
        in_top_k = ranking.position < settings.k
    teacher: np.ndarray | None = None
    names: list[str] = []
    if settings.teacher_column in columns.names:
        teacher, names = columns.labels(settings.teacher_column)
    picked = _exchange(columns, ranking, in_top_k, prompt, of_match, teacher, names, settings)
    reason[ranking.rows[~picked]] = CODES.index("not_in_top_k")
    if not settings.match_length:
        # With lengths the first draw is another one than that of the random order.
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
    counts["ties"] = count_ties(ranking, in_top_k)
    counts["traits"] = describe_traits(columns, prompt, candidates, rows, settings)
    return Choice(rows, added, scores.values, reason, counts)


def _without_duplicates(
    columns: Columns, ranking: Ranking, reason: np.ndarray, settings: Settings
) -> Ranking:
    """The candidates without those that have the same text as a better candidate of the prompt."""
    if settings.response_column not in columns.names:
        logger.warning(
            "Several picks of a prompt may have the same text: there is no column %r to compare. Name the "
            "column of the responses with `response_column=...`.",
            settings.response_column,
        )
        return ranking
    dropped = repeats_better_one(columns, ranking, settings.response_column)
    reason[ranking.rows[dropped]] = CODES.index("duplicate")
    return without(ranking, dropped)


def _exchange(
    columns: Columns,
    ranking: Ranking,
    in_top_k: np.ndarray,
    prompt: np.ndarray,
    of_match: np.ndarray | None,
    teacher: np.ndarray | None,
    names: list[str],
    settings: Settings,
) -> np.ndarray:
    if not settings.looks_at_whole_dataset or not in_top_k.any():
        return in_top_k
    assert teacher is not None  # the column has been asked for
    # A row without a teacher counts as answered by one more, nameless teacher.
    of_candidate = np.where(teacher < 0, len(names), teacher)[ranking.rows]
    names = [*names, "(no teacher)"]
    if settings.match is None:
        assert settings.max_teacher_share is not None  # the other reason to look at the whole dataset
        return cap_teacher_share(ranking, in_top_k, of_candidate, settings.max_teacher_share, names)
    assert of_match is not None  # `match` has been looked at
    tokens = columns.numbers("num_tokens")[ranking.rows] if settings.match_length else None
    return draw_control(ranking, prompt[ranking.rows], of_candidate, names, tokens, settings.match, of_match)
