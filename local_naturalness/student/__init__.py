"""The model that is going to be trained: which one, its identity, how it reaches workers."""

from local_naturalness.student.student import Student

__all__ = ["Student"]
