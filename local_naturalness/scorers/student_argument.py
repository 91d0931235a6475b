"""The argument `student`: a `Student`, or anything that a `Student` can be made from."""

from collections.abc import Mapping
from typing import Any

from local_naturalness.student import Student


def as_student(student: Any, loading: Mapping[str, Any]) -> Student:
    """The student itself, or a new one from a hub id, a folder or a loaded model.

    Args:
        student: what the user passed.
        loading: arguments of `Student` that say how to load it.

    Raises:
        ValueError: `student` is a `Student` already, and `loading` contains arguments.
    """
    if not isinstance(student, Student):
        return Student(student, **loading)
    named = [f"`{name}`" for name, value in loading.items() if value not in (None, False, "auto")]
    if named:
        raise ValueError(
            f"{', '.join(named)} cannot be changed for a `Student` that exists already: pass it to "
            "`Student(...)` instead."
        )
    return student
