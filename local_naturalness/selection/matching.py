"""`match`: the teacher shares of a given selection, for a random control of the same mixture."""

import logging
from dataclasses import replace

import numpy as np
from datasets import Dataset, DatasetDict

from local_naturalness.selection.record import read_record
from local_naturalness.selection.settings import Settings
from local_naturalness.tables import Columns, name_of_where, require_columns

logger = logging.getLogger(__name__)


def matching(settings: Settings, match: Dataset | DatasetDict | None, split: str | None) -> Settings:
    """The settings with the teachers' counts of a selection.

    Args:
        settings: Without counts.
        match: What `select_responses` returned; `None` leaves the settings as they are.
        split: Whose counts, where a dataset of splits is selected from.

    Raises:
        ValueError: The split is not there, or `match` is no selection or an empty one.
        TypeError: `match` is not a `Dataset`.
    """
    if match is None:
        return settings
    if isinstance(match, DatasetDict):
        if split not in match:
            raise ValueError(
                f"`match` has the splits {list(match)}, the dataset "
                f"{'has no splits' if split is None else f'also {split!r}'}. Pass one split of "
                "it, or a selection with the same splits."
            )
        match = match[split]
    if not isinstance(match, Dataset):
        raise TypeError(f"`match` must be a selection (a Dataset), got {type(match).__name__}.")
    if "selection_rank" not in match.column_names:
        raise ValueError(
            "`match` must be a selection as `select_responses` returns it, with the column "
            f"'selection_rank'; found: {match.column_names}."
        )
    require_columns(match.column_names, {"teacher_column": settings.teacher_column})
    codes, names = Columns.of(match).labels(settings.teacher_column)
    counts = np.bincount(codes[codes >= 0], minlength=len(names))
    if not counts.any():
        raise ValueError("`match` has no rows with a teacher: there are no shares to imitate.")
    _compare_where(settings, match)
    shares = {name: int(count) for name, count in zip(names, counts, strict=True) if count}
    return replace(settings, match_counts=shares)


def _compare_where(settings: Settings, match: Dataset) -> None:
    record = read_record(match)
    if record is None:
        return
    theirs, ours = record.get("where"), name_of_where(settings.where)
    if theirs != ours:
        logger.warning(
            "`match` was selected with `where=%r`, its control with `where=%r`: they differ in their "
            "candidates, not by chance alone. Pass the same `where`.",
            theirs,
            ours,
        )
