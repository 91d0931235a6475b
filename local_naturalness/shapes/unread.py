"""Columns that hold a part of the prompt or of the response, and are not read."""

import json
import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from local_naturalness.encoding.examples import SWITCHES_COLUMN
from local_naturalness.encoding.messages import parsed, without_nulls
from local_naturalness.inputs.column_names import (
    CONVERSATIONS,
    PARTS,
    PROMPTS,
    SYSTEM,
    names_reasoning,
    names_teacher,
)
from local_naturalness.shapes.kinds import TEXT, holds_prose, kind_of
from local_naturalness.shapes.samples import TEXT_TYPES

logger = logging.getLogger(__name__)

_PAIR = ("chosen", "rejected")


def tell_system(sample: Mapping[str, Iterable[Any]], read: Collection[str | None]) -> None:
    """Say which columns hold system prompts that are not shown to the student, as far as names tell.

    Args:
        sample: some values of each column.
        read: columns that are part of the rows.
    """
    if any(map(_begins_with_system, (value for values in sample.values() for value in values))):
        return
    for name in SYSTEM:
        if name not in read and any(isinstance(text, str) and text.strip() for text in sample.get(name, ())):
            logger.warning(
                "The column `%s` is not part of the prompts. If the student is to be trained with it, make "
                "it the first message of the prompts: {'role': 'system', 'content': ...}.",
                name,
            )


def tell_unread(
    sample: Mapping[str, Sequence[Any]],
    read: Collection[str | None],
    switches: Mapping[str, Any] | None = None,
) -> None:
    """Say which columns hold pairs of answers, and what the teachers may have seen, and are not read.

    Args:
        sample: some values of each column.
        read: columns that are part of the rows.
        switches: variables of the chat template that are going to be passed to a scorer, if they are known.
    """
    shown = [
        sample[name] for name in (*PROMPTS, *CONVERSATIONS, *read) if name is not None and name in sample
    ]
    for name in PARTS:
        if name not in read and any(
            not _is_shown(value, [column[row] for column in shown if row < len(column)])
            for row, value in enumerate(sample.get(name, ()))
        ):
            logger.warning(
                "The column `%s` is not part of the prompts. If the teachers saw it, write it into the "
                "prompts.",
                name,
            )
    if set(_PAIR) <= {*sample} and not set(_PAIR) & {*read}:
        logger.warning(
            "The columns `%s` and `%s` are not scored. To score both answers, pass `teacher_columns=%r`.",
            *_PAIR,
            [*_PAIR],
        )
    if any(sample.get("functions", ())) and not any(sample.get("tools", ())):
        logger.warning(
            "The column `functions` is not shown to the student. If it holds the tools that the teachers "
            "saw, rename it to `tools`."
        )
    _tell_switches(sample.get(SWITCHES_COLUMN, ()), switches or {})


def _tell_switches(values: Iterable[Any], switches: Mapping[str, Any]) -> None:
    """Say that variables of the chat template are not read, unless the scorer has the same."""
    read = map(without_nulls, map(parsed, values))
    other = [value for value in read if isinstance(value, Mapping) and {**switches, **value} != switches]
    if other:
        logger.warning(
            "The column `%s` is only compared with the variables of the chat template that the scorer is "
            "given: all rows are shown with the same. Those of the first row are passed as "
            "`chat_template_kwargs=%s`.",
            SWITCHES_COLUMN,
            json.dumps(other[0], ensure_ascii=False),
        )


def tell_teacher(sample: Mapping[str, Sequence[Any]]) -> None:
    """Say which column may name the teachers, if none is called `teacher`.

    Args:
        sample: some values of each column.
    """
    found = [name for name in sample if names_teacher(name) and kind_of(sample[name]) == TEXT]
    if found and "teacher" not in sample:
        logger.warning(
            "There is no column `teacher`. If `%s` names the teachers, rename it to `teacher`, or pass it as "
            "`teacher_column` (`--teacher-column %s`) when teachers are ranked and responses selected.",
            found[0],
            found[0],
        )


def _is_shown(value: Any, prompts: Iterable[Any]) -> bool:
    """Whether all texts of a value are in those of a prompt."""
    whole = "\n".join(_texts_in([*prompts]))
    return all(text in whole for text in _texts_in(value))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, Mapping | list):
        for inner in value.values() if isinstance(value, Mapping) else value:
            yield from _texts_in(inner)


def _begins_with_system(value: Any) -> bool:
    first = value[0] if isinstance(value, list) and value else None
    return isinstance(first, Mapping) and first.get("role", first.get("from")) == "system"


def tell_reasoning(dataset: Any, sample: Mapping[str, Iterable[Any]], read: Collection[str | None]) -> None:
    """Say which columns hold reasoning that is not part of any response, as far as names tell.

    Args:
        dataset: `Dataset` or a stream.
        sample: some values of columns, which may be mere flags.
        read: columns that are part of the rows.
    """
    for name, kind in (dataset.features or {}).items():
        is_text = getattr(getattr(kind, "feature", kind), "dtype", None) in TEXT_TYPES  # or a list of texts
        is_flag = name in sample and not holds_prose(sample[name])
        if is_text and names_reasoning(name) and name not in read and not is_flag:
            logger.warning(
                "The column `%s` is not scored. If it holds the reasoning that belongs to the responses, "
                "score both together: pass `reasoning_columns=%r`, unless the responses have it already.",
                name,
                [name],
            )
