"""Ranking teachers."""

from local_naturalness.teachers.rank import rank_teachers
from local_naturalness.teachers.result import TeacherGroup, TeacherRanking

__all__ = ["TeacherGroup", "TeacherRanking", "rank_teachers"]
