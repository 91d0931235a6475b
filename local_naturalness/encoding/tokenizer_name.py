"""How messages name a tokenizer: by what the user loaded, not by the class that all tokenizers share."""

from typing import Any


def named(tokenizer: Any) -> str:
    """The hub id or folder of a tokenizer in quotes, or "the student" if it was made in memory.

    >>> from local_naturalness import Student
    >>> from local_naturalness.embedded import student_path
    >>> named(Student(student_path()).tokenizer) == repr(student_path())
    True
    """
    name = getattr(tokenizer, "name_or_path", "")
    return repr(str(name)) if name else "the student"
