"""A dataset of any shape as the rows that scorers read."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from datasets import Dataset, DatasetDict, IterableDatasetDict

from local_naturalness.counted import counted
from local_naturalness.inputs.column_names import CONVERSATIONS, PROMPTS, TEACHERS
from local_naturalness.inputs.columns import with_mixed_as_text
from local_naturalness.shapes import conversions
from local_naturalness.shapes.answers import with_lists
from local_naturalness.shapes.doubts import tell_doubts
from local_naturalness.shapes.explode import AnyDataset, exploded, one_column_per_teacher
from local_naturalness.shapes.hints import hint
from local_naturalness.shapes.json_lists import with_parsed_lists
from local_naturalness.shapes.mapped import columns_of, kept, mapped
from local_naturalness.shapes.other_names import refuse_other_names
from local_naturalness.shapes.parallel import Parallel, parallel_lists
from local_naturalness.shapes.recognise import recognise
from local_naturalness.shapes.replies import all_replies, no_prompts, unpacked
from local_naturalness.shapes.samples import sample_of, texts_of
from local_naturalness.shapes.seen import ends_with_question, teacher_of, waits_for_answer
from local_naturalness.shapes.shape import Shape
from local_naturalness.shapes.unread import tell_reasoning, tell_system, tell_teacher, tell_unread
from local_naturalness.shapes.written_types import written_types

logger = logging.getLogger(__name__)

_NAMED = ("prompt_column", "response_column", "messages_column")


def to_rows(
    dataset: AnyDataset,
    *,
    shape: str | None = None,
    prompt_column: str | None = None,
    response_column: str | None = None,
    messages_column: str | None = None,
    teacher_columns: Sequence[str] | None = None,
    reasoning_columns: Sequence[str] | None = None,
) -> AnyDataset:
    """Convert a dataset to rows that scorers read.

    The rows have the columns `prompt` and `response`, or `messages`, and `teacher` if it is known. One line
    in the log says how the dataset was read. A dataset that has such rows already is returned unchanged.

    Args:
        dataset: `Dataset`, `DatasetDict` or a stream, of one of these shapes: prompt and response;
            `messages`; ShareGPT's `conversations`; TRL's `prompt` and `completion`; Alpaca's `instruction`,
            `input`, `output`; a list of responses per prompt (`generations` and the like) with lists beside
            it; replies of an inference server; one column per teacher.
        shape: one of `SHAPES`, for a dataset that matches several of them.
        prompt_column: column of prompts, if its name is not `prompt`, `problem`, `question`, `query` or
            `instruction`.
        response_column: column of responses, or of lists of responses.
        messages_column: column of conversations.
        teacher_columns: columns of responses, one per teacher.
        reasoning_columns: columns of reasoning that belongs to the responses: one, or one per teacher. The
            rows then have `messages`, with the reasoning in `reasoning_content`.

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
        "reasoning_columns": reasoning_columns,
    }
    if isinstance(dataset, DatasetDict | IterableDatasetDict):
        return type(dataset)({split: to_rows(rows, **named) for split, rows in dataset.items()})
    dataset, found = shaped(dataset, **named)
    if found is None:
        raise ValueError(
            f"No shape is recognised in the columns {', '.join(map(repr, columns_of(dataset)))}. Name "
            "them with `prompt_column=...` and `response_column=...`, `messages_column=...` or "
            f"`teacher_columns=[...]`.{hint(texts_of(dataset))}"
        )
    if found.told:
        logger.warning("%s", found)
    return dataset


def shaped(
    dataset: Any,
    *,
    reasoning_columns: Sequence[str] | None = None,
    switches: Mapping[str, Any] | None = None,
    **named: Any,
) -> tuple[Any, Shape | None]:
    """A dataset as rows, and the shape it had; with `None`, as it came.

    Args:
        dataset: `Dataset` or a stream.
        reasoning_columns: as of `to_rows`.
        switches: variables of the chat template that a scorer is given, if they are known.
        named: as of `to_rows`.
    """
    if isinstance(dataset, Dataset):
        dataset = with_mixed_as_text(dataset)
    columns = {named[name] for name in _NAMED if named.get(name)}
    columns |= {*(named.get("teacher_columns") or ()), *(reasoning_columns or ())}
    sample = sample_of(dataset, columns)
    shape = recognise(sample, **named)
    if shape is None or _may_hold_replies(shape, sample):
        there = list(sample)
        dataset, replies = unpacked(dataset, sample, named.get("response_column"))
        if replies is not None:
            sample = sample_of(dataset, columns | {replies})
            shape = recognise(sample, **named | {"response_column": replies})
            if shape is None and not {*PROMPTS, *CONVERSATIONS, named.get("prompt_column")} & {*there}:
                raise ValueError(no_prompts(replies, there))
    if shape is None:
        return dataset, None
    if isinstance(dataset, Dataset):
        teacher = [name for name in ("teacher", *TEACHERS) if name in sample]
        found = [*shape.read_columns, *shape.lists, *shape.teacher_columns, *teacher[:1]]
        refuse_other_names(dataset, [name for name in found if name not in columns])
    if shape.name in ("messages", "sharegpt") and (told := ends_with_question(sample)):
        logger.warning("%s", told)
    if shape.lists:
        dataset = with_lists(dataset, shape.lists[0], sample[shape.lists[0]])
        dataset = with_parsed_lists(dataset, shape.lists[0])
    shape = _with_reasoning(shape, reasoning_columns or (), columns_of(dataset))
    read = {*shape.consumed, *columns, *shape.reasoning}
    tell_system(sample, read)
    tell_unread(sample, {*read, *shape.renamed}, switches)
    if not shape.teacher_columns and not shape.lists and "teacher" not in shape.renamed.values():
        tell_teacher(sample)
    tell_reasoning(dataset, sample, read)
    tell_doubts(sample, {*read, *shape.renamed, *shape.columns.values()}, shape.teacher_columns)
    if shape.lists:
        parallel = parallel_lists(dataset, shape.lists[0])
        parallel.tell()
        shape = _with_lists(shape, parallel, teacher_of(sample))
    return _reasoned(_applied(dataset, shape), shape)


def _may_hold_replies(shape: Shape, sample: Mapping[str, Sequence[Any]]) -> bool:
    """Whether there may be replies of a server though another shape was found."""
    if shape.name in ("messages", "sharegpt"):
        return waits_for_answer(sample)
    if shape.name != "rows":
        return False
    return all_replies(sample[shape.source_of(shape.columns["response_column"])])


def _with_reasoning(shape: Shape, columns: Sequence[str], there: Sequence[str]) -> Shape:
    """Add columns of reasoning to a shape.

    Raises:
        ValueError: one is missing, or there are more or fewer of them than columns of responses.
    """
    if not columns:
        return shape
    missing = [name for name in columns if name not in there]
    if missing:
        raise ValueError(
            f"`reasoning_columns` names {', '.join(map(repr, missing))}; the columns are "
            f"{', '.join(map(repr, there))}."
        )
    expected = len(shape.teacher_columns) or 1
    if len(columns) != expected:
        raise ValueError(
            f"`reasoning_columns` must name {counted(expected, 'column')}, one for each column of responses, "
            f"found {counted(len(columns), 'column')}."
        )
    listed = " and ".join(f"`{name}`" for name in columns)
    read = shape.told.removesuffix(".") or "Read as rows"
    told = f"{read}; {listed} {'is' if expected == 1 else 'are'} the reasoning."
    return replace(shape, told=told, reasoning=tuple(columns))


def _with_lists(shape: Shape, parallel: Parallel, teacher: str | None) -> Shape:
    """Add the parallel lists to a shape, and rename the one, or the column, that names the teacher."""
    lists = parallel.lists
    renamed = dict(shape.renamed)
    has_teacher = teacher == "teacher" or "teacher" in lists
    known = [name for name in TEACHERS if name in lists] or ([teacher] if teacher else [])
    teachers = [] if has_teacher else known[:1]
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
    _refuse_clashes(columns_of(dataset), shape)
    if shape.lists:
        dataset = exploded(dataset, shape.lists, shape.loose)
    if shape.teacher_columns:
        reasonings = shape.reasoning if len(shape.reasoning) > 1 else ()
        dataset = one_column_per_teacher(dataset, shape.teacher_columns, reasonings)
    if shape.convert is not None:
        dataset = _converted(dataset, shape)
    renamed = {old: new for old, new in shape.renamed.items() if old != new}
    return dataset.rename_columns(renamed) if renamed else dataset


def _reasoned(dataset: Any, shape: Shape) -> tuple[Any, Shape]:
    """Rows whose reasoning stands in another column, as messages; and their shape."""
    if not shape.reasoning:
        return dataset, shape
    column = "reasoning_content" if len(shape.reasoning) > 1 else shape.reasoning[0]
    column = shape.renamed.get(column, column)
    read = (*shape.columns.values(), column)
    convert = (conversions.reasoned if len(read) == 2 else conversions.completion)(*read)
    written = read[0] if len(read) == 2 else "messages"
    step = replace(
        shape,
        columns={"messages_column": written},
        consumed=read,
        convert=convert,
        added_fields=("reasoning_content",),
    )
    return _converted(dataset, step), replace(shape, columns=step.columns)


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
        features = {**(kept(dataset, shape.consumed) or {}), **written_types(dataset, shape)}
    assert shape.convert is not None
    return mapped(dataset, shape.convert, removed=shape.consumed, features=features, shown="Reading rows")
