"""`select_responses`: choose the responses to each prompt that a student is trained on."""

import logging
from collections.abc import Mapping
from typing import Any, Literal, TypeVar, overload

from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict

from local_naturalness.criteria import table_notes
from local_naturalness.selection.choosing import OUTPUT_COLUMNS, choose
from local_naturalness.selection.matching import matching
from local_naturalness.selection.reasons import CODES, log_counts
from local_naturalness.selection.record import count_unscored, write_record
from local_naturalness.selection.settings import Settings
from local_naturalness.selection.streaming import select_in_stream
from local_naturalness.tables import (
    Columns,
    Where,
    eligible_rows,
    name_of_where,
    select_with_columns,
)

logger = logging.getLogger(__name__)

AnyDataset = Dataset | DatasetDict | IterableDataset | IterableDatasetDict
# What is given is returned: a `Dataset` for a `Dataset`, a stream for a stream.
Given = TypeVar("Given", bound=AnyDataset)


@overload
def select_responses(
    dataset: Given,
    by: str | Mapping[str, float] = ...,
    *,
    k: int | None = ...,
    mode: str = ...,
    direction: str | Mapping[str, str] | None = ...,
    where: Where | None = ...,
    min_score: float | None = ...,
    max_teacher_share: float | None = ...,
    normalize: str = ...,
    weights: str | None = ...,
    match: Dataset | DatasetDict | None = ...,
    match_length: bool = ...,
    correct: str | None = ...,
    prompt_column: str | None = ...,
    teacher_column: str = ...,
    response_column: str = ...,
    seed: int = ...,
    return_rejected: Literal[False] = ...,
) -> Given: ...


@overload
def select_responses(
    dataset: Given,
    by: str | Mapping[str, float] = ...,
    *,
    k: int | None = ...,
    mode: str = ...,
    direction: str | Mapping[str, str] | None = ...,
    where: Where | None = ...,
    min_score: float | None = ...,
    max_teacher_share: float | None = ...,
    normalize: str = ...,
    weights: str | None = ...,
    match: Dataset | DatasetDict | None = ...,
    match_length: bool = ...,
    correct: str | None = ...,
    prompt_column: str | None = ...,
    teacher_column: str = ...,
    response_column: str = ...,
    seed: int = ...,
    return_rejected: Literal[True],
) -> tuple[Given, Given]: ...


@overload
def select_responses(
    dataset: Given,
    by: str | Mapping[str, float] = ...,
    *,
    k: int | None = ...,
    mode: str = ...,
    direction: str | Mapping[str, str] | None = ...,
    where: Where | None = ...,
    min_score: float | None = ...,
    max_teacher_share: float | None = ...,
    normalize: str = ...,
    weights: str | None = ...,
    match: Dataset | DatasetDict | None = ...,
    match_length: bool = ...,
    correct: str | None = ...,
    prompt_column: str | None = ...,
    teacher_column: str = ...,
    response_column: str = ...,
    seed: int = ...,
    return_rejected: bool,
) -> Given | tuple[Given, Given]: ...


def select_responses(
    dataset: Given,
    by: str | Mapping[str, float] = "local_naturalness",
    *,
    k: int | None = 1,
    mode: str = "best",
    direction: str | Mapping[str, str] | None = None,
    where: Where | None = None,
    min_score: float | None = None,
    max_teacher_share: float | None = None,
    normalize: str = "zscore",
    weights: str | None = None,
    match: Dataset | DatasetDict | None = None,
    match_length: bool = False,
    correct: str | None = None,
    prompt_column: str | None = None,
    teacher_column: str = "teacher",
    response_column: str = "response",
    seed: int = 0,
    return_rejected: bool = False,
) -> Given | tuple[Given, Given]:
    """Select the best responses to each prompt.

    Args:
        dataset: Scored rows. Splits of a `DatasetDict` are handled one by one. In a stream, all rows of a
            prompt must follow one another.
        by: A column, a criterion that is computed here (`"learnability"`, `"global_naturalness_casl"`),
            `"random"`, or a dict of criteria and weights. Several criteria are normalised within the
            prompt, turned so that higher is better, and added up with their weights.
        k: Number of responses per prompt. No two of them have the same text up to whitespace. `None` keeps
            all valid rows, ranked.
        mode: `"best"` or `"worst"`.
        direction: `"high"` or `"low"` for columns whose better direction is not known, or a dict
            of directions by column.
        where: Which rows are candidates: a column of bools or of 0 and 1, an SQL expression such as
            `"is_correct and num_tokens < 8000"`, or a function of a row. Criteria that are computed here
            do not see the other rows, nor those for which it is null.
        min_score: The worst value that is accepted, in the criterion's direction. For several criteria, it
            is in units of the combined score.
        max_teacher_share: Largest share of the picks for one teacher. While a teacher is above it, its pick
            with the smallest gap to the next candidate of another teacher is exchanged.
        normalize: `"zscore"` or `"rank"`, for combinations.
        weights: `"chi2"` adds `selection_weight`, LARK's weight of each pick within its prompt.
        match: With `by="random"`, the selection that the result is a control for. The control has the same
            prompts, as many rows for each and the same teacher shares. It is drawn at random from the
            candidates that passed `where` there. The log says what cannot be met.
        match_length: Whether the control has the same lengths, too. Each pick is drawn from the candidates
            whose number of tokens is nearest to that of a row of `match` (within a factor of 1.25, else
            its square, ...).
        correct: The column that says which responses are correct (bools, or 0 and 1), for the card. By
            default, it is `is_correct` or `correct`, if there is one.
        prompt_column: The column that identifies prompts: strings, message lists or ids. `None` is
            `prompt_key`, which scorers write, or `prompt` if there is none.
        teacher_column: Needed for `max_teacher_share` and `match`, otherwise used if present.
        response_column: Read if `k` is above 1, and with `by="random"` if a teacher has several rows for a
            prompt.
        seed: For `by="random"`, which depends on the seed and on content, not on the order of rows.
        return_rejected: Return `(selected, rejected)`. The latter has a column `rejection_reason`, one of
            `missing_prompt`, `where`, `null_score`, `min_score`, `not_in_match`, `duplicate`,
            `not_in_top_k`, `teacher_share`.

    Returns:
        A dataset of the same kind with all columns, and `selection_score` (float64, the criterion's
        value) and `selection_rank` (int32, 1 = best). Prompts keep the order in which they first appear,
        and the best response to each comes first. If scores are equal, the earlier row wins. Null, NaN
        and infinite scores are never selected. A record is kept in `dataset.info.description` (see
        `read_record`).

    Raises:
        ValueError: A column is missing, a criterion is unknown or mixes settings, or arguments
            contradict each other.
        TypeError: A column or the dataset is of the wrong type.

    Example:

    >>> from datasets import Dataset
    >>> from local_naturalness import select_responses
    >>> scored = Dataset.from_dict({
    ...     "prompt": ["p", "p", "p", "q", "q", "q"],
    ...     "teacher": ["a", "b", "c", "a", "b", "c"],
    ...     "local_naturalness": [-0.9, -0.4, -0.6, -0.2, None, -0.7],
    ... })
    >>> best = select_responses(scored)
    >>> best["teacher"][:], best["selection_score"][:]
    (['b', 'a'], [-0.4, -0.2])
    """
    settings = Settings(
        by=dict(by) if isinstance(by, Mapping) else by,
        k=k,
        mode=mode,
        direction=direction,
        where=where,
        min_score=min_score,
        max_teacher_share=max_teacher_share,
        normalize=normalize,
        weights=weights,
        match=None,
        # Without a selection there is nothing to be as long as: the settings say so.
        match_length=match_length and match is None,
        correct=correct,
        prompt_column=prompt_column,
        teacher_column=teacher_column,
        response_column=response_column,
        seed=seed,
    )

    def imitating(part: Any, split: str | None) -> Settings:
        columns = getattr(part, "column_names", None)
        grouped = settings.grouped(columns or [])
        return grouped if match is None else matching(grouped, match, match_length, split, columns)

    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        pairs = {
            split: _select(part, imitating(part, str(split)), f" ({split})", return_rejected)
            for split, part in dataset.items()
        }
        kind: Any = type(dataset)
        selected, rejected = (kind({split: pair[which] for split, pair in pairs.items()}) for which in (0, 1))
    else:
        selected, rejected = _select(dataset, imitating(dataset, None), "", return_rejected)
    return (selected, rejected) if return_rejected else selected


def _select(part: Any, settings: Settings, place: str, return_rejected: bool) -> tuple[Any, Any | None]:
    if isinstance(part, IterableDataset):
        streams = select_in_stream(part, settings)
        write_record(streams[0], _record(settings))
        return streams
    if not isinstance(part, Dataset):
        raise TypeError(
            "`dataset` must be a Dataset, DatasetDict, IterableDataset or IterableDatasetDict, "
            f"got {type(part).__name__}. For a table use `Dataset.from_pandas` or "
            "`Dataset.from_list`."
        )
    settings.check_columns(part.column_names)
    columns = Columns.of(part)
    choice = choose(columns, eligible_rows(part, columns, settings.where), settings)
    is_unscored = choice.reason == CODES.index("null_score")
    unscored = count_unscored(columns, settings.criteria(columns.names), is_unscored)
    log_counts(choice.counts, unscored, settings, place)
    for note in table_notes(columns):
        logger.info("%s", note)
    kept = part.remove_columns([name for name in OUTPUT_COLUMNS if name in part.column_names])
    selected = select_with_columns(kept, choice.rows, choice.added)
    write_record(selected, _record(settings, columns, choice.counts))
    if not return_rejected:
        return selected, None
    return selected, select_with_columns(kept, *choice.rejected())


def _record(
    settings: Settings, columns: Columns | None = None, counts: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The settings, and the counts if the data were read."""
    record = {
        "by": settings.by,
        "mode": settings.mode,
        "k": settings.k,
        "where": name_of_where(settings.where),
        "min_score": settings.min_score,
        "max_teacher_share": settings.max_teacher_share,
        "match": settings.match is not None,
        "match_length": settings.match_length,
        "normalize": settings.normalize,
        "weights": settings.weights,
        "prompt_column": settings.group_column,
        "teacher_column": settings.teacher_column,
        "seed": settings.seed,
        **(counts or {}),
    }
    if columns is not None:
        criteria = settings.criteria(columns.names)
        record["directions"] = {one.name: one.direction for one in criteria}
        record["unscored"] = count_unscored(columns, criteria)
        found = sorted({one.spec_column for one in criteria if one.spec_column} & set(columns.names))
        specs = {name: next(iter(columns.distinct(name, limit=1)), None) for name in found}
        record["specs"] = specs
    return record
