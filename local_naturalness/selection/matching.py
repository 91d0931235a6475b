"""`match`: what a random control must know about the selection that it imitates."""

import logging
from dataclasses import dataclass, replace

import numpy as np
from datasets import Dataset, DatasetDict

from local_naturalness.selection.record import read_record
from local_naturalness.selection.settings import Settings
from local_naturalness.tables import (
    Columns,
    Where,
    first_rows,
    name_of_where,
    require_columns,
    where_columns,
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Match:
    """The selection that a control imitates; arrays of shape [rows of the selection].

    Args:
        prompt_keys: Hash of each row's prompt.
        teacher: Codes into `names`, -1 where there is none.
        names: Teachers.
        tokens: Number of tokens, NaN where not known; `None` where the selection does not tell.
    """

    prompt_keys: np.ndarray
    teacher: np.ndarray
    names: list[str]
    tokens: np.ndarray | None


def matching(
    settings: Settings,
    match: Dataset | DatasetDict,
    match_length: bool,
    split: str | None,
    columns: list[str] | None,
) -> Settings:
    """The settings, with the selection that a control imitates.

    Args:
        settings: Without it.
        match: What `select_responses` returned.
        match_length: Whether its lengths are to be met.
        split: The split of the selection to use, for a dataset with splits.
        columns: Of the candidates, where known.

    Raises:
        ValueError: The split is not there, `match` is no selection or an empty one, or it was selected
            from candidates that are not known here.
        TypeError: `match` is not a `Dataset`.
    """
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
    needed = {"prompt_column": settings.group_column, "teacher_column": settings.teacher_column}
    require_columns(match.column_names, needed)
    found = _read(match, settings)
    if not (found.teacher >= 0).any():
        raise ValueError("`match` has no rows with a teacher: there are no shares to imitate.")
    if match_length and found.tokens is None:
        raise ValueError(
            "`match_length=True` needs the lengths that scorers write into the column 'num_tokens'; found "
            f"in `match`: {match.column_names}."
        )
    most = int(np.unique(found.prompt_keys, return_counts=True)[1].max())
    if settings.k not in (None, 1, most, (read_record(match) or {}).get("k")):
        raise ValueError(
            f"`match` fixes how many responses a prompt has, up to {most} here: drop `k={settings.k}`."
        )
    where = _same_where(settings, match, columns or match.column_names)
    return replace(settings, match=found, match_length=match_length, where=where)


def _read(match: Dataset, settings: Settings) -> Match:
    columns = Columns.of(match)
    prompt = columns.prompt_codes(settings.group_column)
    keys = columns.content_keys(settings.group_column, first_rows(prompt), seed=0)
    teacher, names = columns.labels(settings.teacher_column)
    is_prompt = prompt >= 0
    tokens = columns.counts("num_tokens")[is_prompt] if "num_tokens" in columns.names else None
    return Match(keys[prompt[is_prompt]], teacher[is_prompt], names, tokens)


def _same_where(settings: Settings, match: Dataset, columns: list[str]) -> Where | None:
    """The `where` of the selection, which its control needs too."""
    record = read_record(match)
    if record is None or (theirs := record.get("where")) is None:
        if record is not None and settings.where is not None:
            _warn_of_where(None, name_of_where(settings.where))
        return settings.where
    if settings.where is not None:
        ours = name_of_where(settings.where)
        if theirs != ours:
            _warn_of_where(theirs, ours)
        return settings.where
    try:
        where_columns(theirs, columns)
    except ValueError as error:
        raise ValueError(
            f"`match` was selected with `where={theirs}`, which cannot be repeated here: pass the same "
            "function again, or another `where`."
        ) from error
    logger.info("The control is drawn from the candidates of `match`: where %s.", theirs)
    return theirs


def _warn_of_where(theirs: str | None, ours: str | None) -> None:
    logger.warning(
        "`match` was selected with `where=%r` and its control with `where=%r`, so they have different "
        "candidates and do not differ by chance alone. Leave `where` out to use that of `match`.",
        theirs,
        ours,
    )
