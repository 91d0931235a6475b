"""Why rows are not selected: the reasons, their counts, and the line in the log."""

import logging
from collections.abc import Mapping
from typing import Any

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.selection.settings import Settings

logger = logging.getLogger(__name__)

# Each reason with what can be done; a row carries the first that holds for it.
REASONS = {
    "missing_prompt": "the prompt is null",
    "where": "relax `where`",
    "null_score": "null, NaN or infinite",
    "min_score": "relax `min_score`",
    "not_in_match": "`match` has no row of their prompts",
    "duplicate": "a better candidate has the same text",
    "not_in_top_k": "relax `k`",
    "teacher_share": "relax `max_teacher_share`",
}
# A control takes these from the selection that it imitates.
_OF_CONTROL = {
    "not_in_top_k": "`match` fixes how many are drawn",
    "teacher_share": "exchanged for the teacher shares of `match`",
}
CODES = ["", *REASONS]
# By share, of the candidates and of the selection.
MAX_TEACHERS_RECORDED = 50
_LENGTHS_DIFFER = 0.05


def count_outcome(
    prompt: np.ndarray,
    reason: np.ndarray,
    teacher: np.ndarray | None,
    names: list[str],
    rows: np.ndarray,
) -> dict[str, Any]:
    """Counts of rows by outcome, as plain data.

    Args:
        prompt: Shape [rows], prompt numbers.
        reason: Shape [rows], places in `CODES`.
        teacher: Shape [rows], codes into `names`; `None` without teachers.
        names: Teachers.
        rows: The selected rows.
    """
    number = np.bincount(reason, minlength=len(CODES))
    counts = {
        "rows": len(reason),
        "prompts": int(prompt.max(initial=-1)) + 1,
        "selected": len(rows),
        "prompts_selected": int(np.count_nonzero(np.diff(prompt[rows], prepend=-1))),
        "rejected": {code: int(number[i]) for i, code in enumerate(CODES) if i and number[i]},
    }
    if teacher is not None:
        shares = [_shares(some, len(names)) for some in (teacher, teacher[rows])]
        # The same teachers in both: one that is in neither list of the largest is in none.
        largest = [np.argsort(-some, kind="stable")[:MAX_TEACHERS_RECORDED] for some in shares]
        listed = np.unique(np.concatenate(largest))
        for when, some in zip(("before", "after"), shares, strict=True):
            order = listed[np.argsort(-some[listed], kind="stable")]
            counts[f"teacher_shares_{when}"] = {names[i]: round(float(some[i]), 6) for i in order}
    return counts


def _shares(teacher: np.ndarray, num_teachers: int) -> np.ndarray:
    return np.bincount(teacher[teacher >= 0], minlength=num_teachers) / max(len(teacher), 1)


def log_counts(
    counts: dict[str, Any], unscored: Mapping[str, Mapping[str, int]], settings: Settings, place: str
) -> None:
    """Log one line: what each rule removed, and which argument relaxes it. A warning if nothing is left.

    Args:
        counts: As of `count_outcome`.
        unscored: Status column -> status -> number of rows, of those that have no score.
        settings: Of the selection.
        place: Such as a split.
    """
    told = {**REASONS, **(_OF_CONTROL if settings.match is not None else {})}
    told["null_score"] = _why_unscored(unscored) or told["null_score"]
    removed = [f"{reason} removed {number} ({told[reason]})" for reason, number in counts["rejected"].items()]
    message = (
        f"select_responses{place} by {settings.by}: {counts['selected']} of {counted(counts['rows'], 'row')} "
        f"for {counts['prompts_selected']} of {counted(counts['prompts'], 'prompt')}"
    )
    message = "; ".join([message, *removed])
    if not counts["selected"]:
        logger.warning("Nothing is selected. %s.", message)
    elif counts["prompts"] == counts["rows"] > 1:
        logger.warning(
            "Every prompt has a single candidate, so there is nothing to choose between: is "
            "`prompt_column=%r` the right column? %s.",
            settings.group_column,
            message,
        )
    else:
        logger.info("%s.", message)
    if counts["ties"] and settings.by != "random":
        logger.info(
            "For %s, a row with the same score as the last pick was not selected: the earlier row was taken.",
            counted(counts["ties"], "prompt"),
        )
    lengths = counts["traits"].get("num_tokens")
    if settings.match is not None and settings.match.tokens is not None and lengths is not None:
        wanted = float(np.nanmean(settings.match.tokens))
        # A control of another length is no control for length.
        level = (
            logging.WARNING if settings.match_length and _differ(wanted, lengths["after"]) else logging.INFO
        )
        logger.log(
            level, "The control has %.1f tokens a row, `match` has %.1f.", lengths["after"] or 0, wanted
        )


def _why_unscored(unscored: Mapping[str, Mapping[str, int]]) -> str:
    """The statuses of rows without a score, which no setting of a selection can change."""
    told = [
        f"{column}: {', '.join(f'{status} {number}' for status, number in statuses.items())}"
        for column, statuses in unscored.items()
        if statuses
    ]
    return "; ".join(told)


def _differ(one: float, other: float | None) -> bool:
    return other is None or abs(one - other) > _LENGTHS_DIFFER * one
