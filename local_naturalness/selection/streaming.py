"""Selection from a stream: whole prompts are gathered, a few hundred at a time."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash
from datasets import Dataset, Features, IterableDataset, Split, Value

from local_naturalness.criteria import ResolvedCriterion, check_one_spec
from local_naturalness.selection.choosing import OUTPUT_COLUMNS, choose
from local_naturalness.selection.settings import Settings
from local_naturalness.tables import (
    Columns,
    eligible_rows,
    require_columns,
    text_of_value,
    where_columns,
)

_ROWS_AT_ONCE = 1000
_REMEDY = "Load the dataset without `streaming=True`"
Row = dict[str, Any]


def select_in_stream(dataset: IterableDataset, settings: Settings) -> tuple[IterableDataset, IterableDataset]:
    """The selected and the rejected rows of a stream, both read lazily.

    Rows of one prompt must follow one another. At most one prompt's rows and a thousand more are
    held at a time, and 8 bytes (some 60 in Python's set) for every prompt seen.

    Raises:
        ValueError: A setting needs the whole dataset; while iterating, also when a prompt comes
            back after others.
    """
    source = dataset.with_format(None)
    if source.column_names is not None:
        settings.check_columns(source.column_names)
    _refuse_whole_dataset(settings, source.column_names or [])
    selected, rejected = (
        IterableDataset.from_generator(
            generate,
            features=_features(dataset.features, settings, generate),
            gen_kwargs={"source": source, "settings": settings},
            split=dataset.split or Split.TRAIN,
        )
        for generate in (_selected_rows, _rejected_rows)
    )
    return selected, rejected


def _refuse_whole_dataset(settings: Settings, columns: list[str]) -> None:
    wanted = [f"`{name}`" for name in settings.looks_at_whole_dataset]
    names = [settings.by] if isinstance(settings.by, str) else settings.by
    wanted += [
        f"`by={name!r}`"
        for name in names
        if name.startswith("global_naturalness_casl") and name not in columns
    ]
    if wanted:
        raise ValueError(
            f"{' and '.join(wanted)} must see the whole dataset, but a stream is read row by row. "
            f"{_REMEDY}, or save the stream first."
        )


def _selected_rows(source: IterableDataset, settings: Settings) -> Iterator[Row]:
    for rows, columns, passes in _parts(source, settings):
        choice = choose(columns, passes, settings)
        yield from _widened(rows, choice.rows, choice.added)


def _rejected_rows(source: IterableDataset, settings: Settings) -> Iterator[Row]:
    for rows, columns, passes in _parts(source, settings):
        choice = choose(columns, passes, settings)
        yield from _widened(rows, *choice.rejected())


def _widened(rows: list[Row], places: np.ndarray, added: dict[str, pa.Array]) -> Iterator[Row]:
    values = zip(*(column.to_pylist() for column in added.values()), strict=True)
    for place, new in zip(places.tolist(), values, strict=True):
        kept = {name: old for name, old in rows[place].items() if name not in OUTPUT_COLUMNS}
        yield {**kept, **dict(zip(added, new, strict=True))}


def _parts(
    source: IterableDataset, settings: Settings
) -> Iterator[tuple[list[Row], Columns, np.ndarray | None]]:
    """Rows of whole prompts, the columns needed, and which rows pass `where`."""
    specs: dict[ResolvedCriterion, str | None] = {}
    for rows in _whole_prompts(source, settings):
        settings = settings.grouped(list(rows[0]))
        settings.check_columns(list(rows[0]))
        columns = _needed_columns(rows, source.features, settings)
        for criterion in settings.criteria(columns.names):
            specs[criterion] = check_one_spec(columns, criterion, specs.get(criterion))
        yield rows, columns, eligible_rows(rows, columns, settings.where)


def _whole_prompts(source: IterableDataset, settings: Settings) -> Iterator[list[Row]]:
    seen: set[int] = set()
    pending: list[Row] = []
    prompt_column = settings.prompt_column
    last_key = None
    for row in source:
        prompt_column = prompt_column or settings.grouped(list(row)).group_column
        require_columns(list(row), {"prompt_column": prompt_column})
        key = _key(row[prompt_column])
        # A row without a prompt is rejected wherever it stands.
        if key is not None and key != last_key:
            if key in seen:
                raise ValueError(
                    "Streamed rows of one prompt must follow one another, but this prompt came "
                    f"back after others: {str(row[prompt_column])[:80]!r}. {_REMEDY}, or sort the "
                    f"files by {prompt_column!r} first."
                )
            seen.add(key)
            last_key = key
            if len(pending) >= _ROWS_AT_ONCE:
                yield pending
                pending = []
        pending.append(row)
    if pending:
        yield pending


def _key(prompt: Any) -> int | None:
    if prompt is None or prompt != prompt:  # NaN
        return None
    return xxhash.xxh3_64_intdigest(repr(text_of_value(prompt)).encode("utf-8", "surrogatepass"))


def _needed_columns(rows: list[Row], features: Features | None, settings: Settings) -> Columns:
    names = list(rows[0])
    needed: set[str | None] = {settings.group_column, settings.teacher_column}
    for criterion in settings.criteria(names):
        needed |= {*criterion.inputs, criterion.spec_column}
        if criterion.kind == "random":
            needed.add(settings.response_column)
    if (settings.k or 1) > 1:
        needed.add(settings.response_column)
    if settings.correct is not None:
        needed.add(settings.correct)
    if isinstance(settings.where, str):
        needed |= set(where_columns(settings.where, names))
    kept = [name for name in names if name in needed]
    kinds = None if features is None else Features({name: features[name] for name in kept})  # type: ignore[arg-type] # a dict; its `*args` are not annotated
    return Columns.of(Dataset.from_dict({name: [row[name] for row in rows] for name in kept}, kinds))


def _features(
    features: Features | None, settings: Settings, generate: Callable[..., Iterator[Row]]
) -> Features | None:
    if features is None:
        return None
    added = {"selection_score": Value("float64")}
    if generate is _rejected_rows:
        added["rejection_reason"] = Value("string")
    else:
        added["selection_rank"] = Value("int32")
        if settings.weights is not None:
            added["selection_weight"] = Value("float64")
    kept = {name: kind for name, kind in features.items() if name not in OUTPUT_COLUMNS}
    return Features({**kept, **added})  # type: ignore[arg-type] # a dict; its `*args` are not annotated
