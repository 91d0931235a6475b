"""The student of a call of the metric. A student named by hub id or folder is kept for the next call."""

import os
from collections.abc import Mapping
from typing import Any

from local_naturalness.scorers.student_argument import as_student
from local_naturalness.student import Student

_kept: dict[tuple[Any, ...], Student] = {}  # by name and settings


def chosen_student(model_id: str | None, student: Student | None, loading: Mapping[str, Any]) -> Student:
    """The student that was passed, or the one of this name.

    Args:
        model_id: hub id or folder.
        student: used as it is.
        loading: how to load `model_id`, as `Student` takes it.

    Raises:
        TypeError: `student` is something else than a `Student`, or `model_id` than a text.
        ValueError: both or neither are given, or settings that `student` already has.
    """
    if (model_id is None) == (student is None):
        raise ValueError(
            "Name the student with either `model_id=` (hub id or folder) or `student=` (a `Student`); found "
            f"{'neither' if student is None else 'both'}."
        )
    if model_id is not None:
        return _named(model_id, loading)
    if not isinstance(student, Student):
        raise TypeError(
            f"`student` must be a `Student`, found {type(student).__name__}: wrap a loaded model with "
            "`Student(model, tokenizer=...)`, and pass a hub id or folder as `model_id`."
        )
    return as_student(student, loading)


def _named(model_id: str, loading: Mapping[str, Any]) -> Student:
    """The same object for every call with the same settings, until its folder changes."""
    if not isinstance(model_id, str | os.PathLike):
        raise TypeError(
            f"`model_id` must be a hub id or a folder, found {type(model_id).__name__}: pass a loaded model "
            "as `student=Student(model, tokenizer=...)`."
        )
    key = (model_id, *loading.values())
    if key not in _kept or not _kept[key].is_current:
        _kept[key] = Student(model_id, **loading)
    return _kept[key]
