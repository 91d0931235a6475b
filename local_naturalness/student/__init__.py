"""The student: which model it is, its identity, how it is loaded, and how it reaches workers."""

from local_naturalness.student.student import Student

__all__ = ["Student"]
