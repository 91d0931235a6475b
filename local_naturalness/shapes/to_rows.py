"""A dataset of any shape as the rows that scorers read."""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import datasets
from datasets import Dataset, DatasetDict, IterableDatasetDict, List, Value

from local_naturalness.encoding.messages import messages_from_json, read_messages
from local_naturalness.inputs.columns import with_mixed_as_text
from local_naturalness.shapes.answers import with_lists
from local_naturalness.shapes.explode import AnyDataset, exploded, one_column_per_teacher
from local_naturalness.shapes.mapped import kept, mapped
from local_naturalness.shapes.parallel import Parallel, parallel_lists
from local_naturalness.shapes.recognise import recognise
from local_naturalness.shapes.samples import answers_of, sample_of
from local_naturalness.shapes.seen import KNOWN
from local_naturalness.shapes.shape import Shape
from local_naturalness.shapes.side_by_side import side_by_side_hint
from local_naturalness.shapes.unread import SYSTEM, tell_reasoning, tell_system

logger = logging.getLogger(__name__)

_TEACHERS = ("model", "models", "teachers", "generator", "generators", "model_name", "generation_models")
_TEXT = Value("string")
_PLAIN_MESSAGE = {"role": _TEXT, "content": _TEXT}
_PLAIN_FIELDS = {"role", "content", "from", "value"}


def to_rows(
    dataset: AnyDataset,
    *,
    shape: str | None = None,
    prompt_column: str | None = None,
    response_column: str | None = None,
    messages_column: str | None = None,
    teacher_columns: Sequence[str] | None = None,
) -> AnyDataset:
    """Convert a dataset to rows that scorers read.

    The rows have the columns `prompt` and `response`, or `messages`, and `teacher` if it is known. One line
    in the log says how the dataset was read. A dataset that has such rows already is returned unchanged.

    Args:
        dataset: `Dataset`, `DatasetDict` or a stream, of one of these shapes: prompt and response;
            `messages`; ShareGPT's `conversations`; TRL's `prompt` and `completion`; Alpaca's `instruction`,
            `input`, `output`; a list of responses per prompt (`generations` and the like) with lists beside
            it; one column per teacher.
        shape: one of `SHAPES`, for a dataset that matches several of them.
        prompt_column: column of prompts, if its name is not `prompt`, `problem`, `question`, `query` or
            `instruction`.
        response_column: column of responses, or of lists of responses.
        messages_column: column of conversations.
        teacher_columns: columns of responses, one per teacher.

    Raises:
        ValueError: no shape is recognised, or a new column would overwrite an existing one.

    Example:

    >>> wide = Dataset.from_dict({
    ...     "problem": ["2 + 3?"], "generations": [["5.", "2 + 3 = 5."]], "model": [["small", "large"]],
    ... })
    >>> to_rows(wide).to_dict()
    {'prompt': ['2 + 3?', '2 + 3?'], 'response': ['5.', '2 + 3 = 5.'], 'teacher': ['small', 'large']}
    """
    named: dict[str, Any] = {
        "shape": shape,
        "prompt_column": prompt_column,
        "response_column": response_column,
        "messages_column": messages_column,
        "teacher_columns": teacher_columns,
    }
    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        return type(dataset)({split: to_rows(rows, **named) for split, rows in dataset.items()})
    dataset, found = shaped(dataset, **named)
    if found is None:
        raise ValueError(
            f"No shape is recognised in the columns {', '.join(map(repr, dataset.column_names or ()))}. Name "
            "them with `prompt_column=...` and `response_column=...`, `messages_column=...` or "
            f"`teacher_columns=[...]`.{side_by_side_hint(answers_of(dataset))}"
        )
    if found.told:
        logger.warning("%s", found)
    return dataset


def shaped(dataset: Any, **named: Any) -> tuple[Any, Shape | None]:
    """A dataset as rows, and the shape it had; with `None`, as it came.

    Args:
        dataset: `Dataset` or a stream.
        named: as of `to_rows`.
    """
    if isinstance(dataset, Dataset):
        dataset = with_mixed_as_text(dataset)
    columns = {named.get(f"{name}_column") for name in ("prompt", "response", "messages")} - {None}
    looked_at = {*KNOWN, *SYSTEM, *columns, *(named.get("teacher_columns") or ())}
    sample = sample_of(dataset, looked_at)
    shape = recognise(sample, **named)
    if shape is None:
        return dataset, None
    if shape.lists:
        dataset = with_lists(dataset, shape.lists[0], sample[shape.lists[0]])
    read = {*shape.consumed, *columns, *(named.get("teacher_columns") or ())}
    tell_system(sample, read)
    tell_reasoning(dataset, read)
    if shape.lists:
        parallel = parallel_lists(dataset, shape.lists[0])
        parallel.tell()
        shape = _with_lists(shape, parallel, dataset.column_names or ())
    return _applied(dataset, shape), shape


def _with_lists(shape: Shape, parallel: Parallel, columns: Sequence[str]) -> Shape:
    """Add the parallel lists to a shape, and rename the one that names the teacher."""
    lists = parallel.lists
    renamed = dict(shape.renamed)
    has_teacher = "teacher" in (*columns, *lists)
    teachers = [name for name in _TEACHERS if name in lists and not has_teacher][:1]
    renamed |= dict.fromkeys(teachers, "teacher")
    told = shape.told.removesuffix(".")
    if others := ", ".join(f"`{name}`" for name in lists[1:]):
        told = told.replace(" becomes a row", f" becomes a row, with that of {others}", 1)
    if teachers:
        told += f"; `{teachers[0]}` becomes `teacher`"
    elif not has_teacher:
        told += "; no column names the teacher"
    return replace(shape, told=f"{told}.", lists=lists, loose=parallel.loose, renamed=renamed)


def _applied(dataset: Any, shape: Shape) -> Any:
    _refuse_clashes(list(dataset.column_names or ()), shape)
    if shape.lists:
        dataset = exploded(dataset, shape.lists, shape.loose)
    if shape.teacher_columns:
        dataset = one_column_per_teacher(dataset, shape.teacher_columns)
    if shape.convert is not None:
        dataset = _converted(dataset, shape)
    renamed = {old: new for old, new in shape.renamed.items() if old != new}
    return dataset.rename_columns(renamed) if renamed else dataset


def _refuse_clashes(columns: Sequence[str], shape: Shape) -> None:
    """Refuse to overwrite an existing column."""
    told = str(shape).replace("Read as", "To be read as", 1)
    gone = {*shape.consumed, *shape.teacher_columns, *shape.renamed}
    written = {*shape.renamed.values()} | ({"teacher", "response"} if shape.teacher_columns else set())
    written |= set(shape.columns.values()) if shape.convert is not None else set()
    for name in sorted(written & set(columns) - gone):
        raise ValueError(
            f"{told} But the dataset already has another column {name!r}, so nothing was converted: rename "
            "or remove it, or name the columns to read."
        )


def _converted(dataset: Any, shape: Shape) -> Any:
    features = None
    if isinstance(dataset, Dataset):
        features = {**(kept(dataset, shape.consumed) or {}), **_written_features(dataset, shape)}
    assert shape.convert is not None
    return mapped(dataset, shape.convert, removed=shape.consumed, features=features, shown="Reading rows")


def _written_features(dataset: Dataset, shape: Shape) -> dict[str, Any]:
    if name := shape.columns.get("messages_column"):
        return {name: _messages_feature(dataset, shape.consumed)}
    prompt, response = shape.columns["prompt_column"], shape.columns["response_column"]
    read = shape.consumed if shape.name == "rows" else ()
    chat = _messages_feature(dataset, [name for name in read if name != response])
    return {prompt: chat if shape.has_chat_prompts else _feature_of_prompts(dataset, prompt), response: _TEXT}


def _feature_of_prompts(dataset: Dataset, name: str) -> Any:
    """Lists of messages stay what they are; everything else becomes text."""
    feature = dataset.features.get(name)
    return feature if isinstance(feature, List) else _TEXT


def _messages_feature(dataset: Dataset, columns: Iterable[str]) -> Any:
    """The type of messages that are made of some columns, with all fields of all messages."""
    fields: dict[str, Any] = dict(_PLAIN_MESSAGE)
    for name in columns:
        inner = getattr(dataset.features[name], "feature", None)
        if isinstance(inner, dict):
            fields |= {field: kind for field, kind in inner.items() if field not in _PLAIN_FIELDS}
            if not isinstance(inner.get("content", _TEXT), Value):  # blocks, some of which may be reasoning
                fields |= dict.fromkeys(_fields_in(dataset, name) - _PLAIN_FIELDS - {*fields}, _TEXT)
        elif _fields_in(dataset, name) - _PLAIN_FIELDS:
            return List(datasets.Json())  # fields that differ from message to message
    return List(fields)


def _fields_in(dataset: Dataset, name: str) -> set[str]:
    """Names of the fields of messages in a column of JSON."""
    found: set[str] = set()
    for batch in dataset.with_format(None).select_columns([name]).iter(1000):
        for value in batch[name]:
            messages = messages_from_json(value) or value
            if isinstance(messages, Sequence) and not isinstance(messages, str):
                found.update(field for message in read_messages(messages, name) for field in message)
    return found
