"""Scored rows as one matrix of prompts by teachers for each group of teachers."""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Group:
    """Teachers linked by shared prompts, directly or through other teachers.

    Args:
        teachers: Teacher codes, ascending.
        prompts: Prompt codes, ascending.
    """

    teachers: np.ndarray
    prompts: np.ndarray


def linked_groups(prompt: np.ndarray, teacher: np.ndarray) -> list[Group]:
    """The connected components of teachers, two being linked when they answer the same prompt.

    Args:
        prompt: Shape [rows], non-negative.
        teacher: Shape [rows], non-negative.

    Returns:
        Groups by their first teacher's code.

    Example: teachers 0 and 2 meet at prompt 0, teacher 1 answers prompt 1 alone.

    >>> groups = linked_groups(np.array([0, 0, 1]), np.array([0, 2, 1]))
    >>> [group.teachers.tolist() for group in groups]
    [[0, 2], [1]]
    """
    if not len(prompt):
        return []
    # Linking each prompt's teachers to the teacher of one of its rows links them all.
    anchor = np.empty(prompt.max() + 1, dtype=np.int64)
    anchor[prompt] = teacher
    width = teacher.max() + 1
    root = {code: code for code in np.flatnonzero(np.bincount(teacher)).tolist()}

    def find(code: int) -> int:
        while root[code] != code:
            code = root[code]
        return code

    for link in np.sort(pd.unique(anchor[prompt] * width + teacher)).tolist():
        one, other = sorted((find(link // width), find(link % width)))
        root[other] = one
    of_teacher = np.full(width, -1, dtype=np.int64)
    for code in root:
        of_teacher[code] = find(code)
    of_prompt = np.full(len(anchor), -1, dtype=np.int64)
    of_prompt[prompt] = of_teacher[teacher]
    return [
        Group(np.flatnonzero(of_teacher == first), np.flatnonzero(of_prompt == first))
        for first in pd.unique(of_teacher[of_teacher >= 0])
    ]


def cell_means(values: np.ndarray, prompt: np.ndarray, teacher: np.ndarray, group: Group) -> np.ndarray:
    """The mean of each teacher's rows for each prompt.

    Args:
        values: Shape [rows], NaN rows are passed over.
        prompt: Shape [rows].
        teacher: Shape [rows].
        group: Whose rows to use.

    Returns:
        Shape [prompts, teachers] of the group, NaN where a teacher has no value for a prompt.

    Example: teacher 0 answered prompt 0 twice.

    >>> group = Group(np.array([0, 1]), np.array([0]))
    >>> cell_means(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 0]), np.array([0, 0, 1]), group)
    array([[2., 5.]])
    """
    shape = len(group.prompts), len(group.teachers)
    row_of, column_of = _places(group.prompts, prompt), _places(group.teachers, teacher)
    inside = (row_of >= 0) & (column_of >= 0) & ~np.isnan(values)
    cell = row_of[inside] * shape[1] + column_of[inside]
    total = np.bincount(cell, values[inside], minlength=shape[0] * shape[1])
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore"):
        return (total / count).reshape(shape)


def _places(members: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """For each code its place among `members`, -1 when it is none."""
    place = np.full(max(members.max(initial=-1), codes.max(initial=-1)) + 2, -1, dtype=np.int64)
    place[members] = np.arange(len(members))
    return place[codes]
