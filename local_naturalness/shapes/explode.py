"""Rows that hold several responses become one row per response."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict, Json, Value

from local_naturalness.counted import counted
from local_naturalness.inputs.column_names import RESPONSE_LISTS
from local_naturalness.inputs.columns import as_text
from local_naturalness.shapes.mapped import columns_of, kept, mapped
from local_naturalness.shapes.parallel import parallel_lists

AnyDataset = TypeVar("AnyDataset", Dataset, DatasetDict, IterableDataset, IterableDatasetDict)
_SHOWN = "One row per response"


def explode(dataset: AnyDataset, lists: Sequence[str] | None = None) -> AnyDataset:
    """Turn lists into rows: one row per item. Lists that run parallel are split together.

    Other columns are repeated. A row whose lists are null or empty stays one row with nulls, so that no
    prompt is lost.

    Args:
        dataset: `Dataset`, `DatasetDict` or a stream.
        lists: columns of lists, the responses first. A list may be null in rows that have responses. By
            default, these are the column of responses (`response`, `generations`, `responses`, `completions`
            or `candidates`) and all columns of lists, except conversations, that have the same number of
            items in every row (in a stream, in its first rows). A column of verdicts is split even if its
            length differs in a few rows. There, its values are null, and the log names the first such row.

    Raises:
        ValueError: a column is missing, there is no column of responses, or the lists of a row differ in
            length. The message names the row.

    Example:

    >>> wide = Dataset.from_dict({
    ...     "prompt": ["2 + 3?", "4 + 4?"],
    ...     "generations": [["5.", "6."], None],
    ...     "ok": [[True, False], None],
    ... })
    >>> explode(wide).to_dict()
    {'prompt': ['2 + 3?', '2 + 3?', '4 + 4?'], 'generations': ['5.', '6.', None], 'ok': [True, False, None]}
    """
    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        return type(dataset)({split: explode(rows, lists) for split, rows in dataset.items()})
    columns = columns_of(dataset)
    loose: Sequence[str] = ()
    if lists is None:
        found = parallel_lists(dataset, _responses(columns))
        found.tell()
        lists, loose = found.lists, found.loose
    return exploded(dataset, lists, loose)


def exploded(dataset: AnyDataset, lists: Sequence[str], loose: Sequence[str] = ()) -> AnyDataset:
    """One row per item of lists; those of `loose` become null in rows where they are not as long.

    Raises:
        ValueError: as `explode`.
    """
    columns = columns_of(dataset)
    missing = [name for name in lists if name not in columns]
    if missing or not lists:
        raise ValueError(f"`lists` names {missing or 'nothing'}; the columns are {columns}.")
    features = kept(dataset, ())
    if features is not None:
        features |= {name: getattr(features[name], "feature", features[name]) for name in lists}
    return mapped(
        dataset,
        _exploded,
        removed=columns,
        features=features,
        shown=_SHOWN,
        settings={"lists": tuple(lists), "loose": tuple(loose)},
        with_indices=True,
    )


def one_column_per_teacher(
    dataset: AnyDataset, teacher_columns: Sequence[str], reasoning_columns: Sequence[str] = ()
) -> AnyDataset:
    """One row per teacher, with `teacher` and `response`, from a column of responses for each.

    With a column of reasoning for each, there is `reasoning_content` too.
    """
    features, all_features = kept(dataset, (*teacher_columns, *reasoning_columns)), kept(dataset, ())
    if features is not None:
        # Conversations, whose fields may differ from teacher to teacher, or texts.
        is_chat = all_features is not None and not isinstance(all_features[teacher_columns[0]], Value)
        features |= {"teacher": Value("string"), "response": Json() if is_chat else Value("string")}
        if reasoning_columns and all_features is not None:
            features["reasoning_content"] = all_features[reasoning_columns[0]]
    return mapped(
        dataset,
        _by_teacher,
        removed=columns_of(dataset),
        features=features,
        shown=_SHOWN,
        settings={"teachers": tuple(teacher_columns), "reasonings": tuple(reasoning_columns)},
    )


def _exploded(
    rows: Mapping[str, Any], places: list[int], lists: tuple[str, ...], loose: tuple[str, ...]
) -> dict[str, list[Any]]:
    sizes = [len(value or ()) for value in rows[lists[0]]]
    for name in lists[1:]:
        if name in loose:
            continue
        for place, value, size in zip(places, rows[name], sizes, strict=True):
            if value is not None and len(value) != size:
                raise ValueError(
                    f"In row {place} the list {name!r} has {counted(len(value), 'item')} and {lists[0]!r} "
                    f"has {counted(size, 'item')}. Name the lists that run parallel with `lists=[...]`, or "
                    "correct the row."
                )
    return {
        name: [
            item
            for value, size in zip(column, sizes, strict=True)
            for item in _items(value, size, is_list=name in lists)
        ]
        for name, column in rows.items()
    }


def _items(value: Any, size: int, is_list: bool) -> Sequence[Any]:
    if not is_list:
        return [value] * max(size, 1)
    return value if value and len(value) == max(size, 1) else [None] * max(size, 1)


def _by_teacher(
    rows: Mapping[str, Any], teachers: tuple[str, ...], reasonings: tuple[str, ...]
) -> dict[str, list[Any]]:
    others = {name: column for name, column in rows.items() if name not in (*teachers, *reasonings)}
    count = len(rows[teachers[0]])
    answers = [rows[teacher][row] for row in range(count) for teacher in teachers]
    parts = {"reasoning_content": [rows[name][row] for row in range(count) for name in reasonings]}
    return {name: [value for value in column for _ in teachers] for name, column in others.items()} | {
        "teacher": list(teachers) * count,
        "response": [one if isinstance(one, list) else as_text(one) for one in answers],
        **(parts if reasonings else {}),
    }


def _responses(columns: Sequence[str]) -> str:
    known = [name for name in ("response", *RESPONSE_LISTS) if name in columns]
    if len(known) != 1:
        raise ValueError(
            f"Which column holds the lists of responses? Name it, and those that run parallel, with "
            f"`lists=[...]`; the columns are {', '.join(map(repr, columns))}."
        )
    return known[0]
