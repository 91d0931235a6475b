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
        rows: Row numbers, ascending.
    """

    teachers: np.ndarray
    prompts: np.ndarray
    rows: np.ndarray

    def of_prompts(self, kept: np.ndarray, prompt: np.ndarray) -> "Group":
        """The same teachers with some of the prompts.

        Args:
            kept: Shape [prompts].
            prompt: Prompt codes of all rows.
        """
        prompts = self.prompts[kept]
        return Group(self.teachers, prompts, self.rows[np.isin(prompt[self.rows], prompts)])


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
    teachers, prompts, rows = map(_places_by_root, (of_teacher, of_prompt, of_teacher[teacher]))
    return [
        Group(teachers[first], prompts[first], rows[first])
        for first in pd.unique(of_teacher[of_teacher >= 0]).tolist()
    ]


def _places_by_root(roots: np.ndarray) -> dict[int, np.ndarray]:
    """Where each root stands. Thousands of groups are found in one pass."""
    order = np.argsort(roots, kind="stable")
    found, starts = np.unique(roots[order], return_index=True)
    return dict(zip(found.tolist(), np.split(order, starts[1:]), strict=True))


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

    >>> group = Group(np.array([0, 1]), np.array([0]), np.arange(3))
    >>> cell_means(np.array([1.0, 3.0, 5.0]), np.array([0, 0, 0]), np.array([0, 0, 1]), group)
    array([[2., 5.]])
    """
    shape = len(group.prompts), len(group.teachers)
    rows = group.rows[~np.isnan(values[group.rows])]
    cell = np.searchsorted(group.prompts, prompt[rows]) * shape[1]
    cell += np.searchsorted(group.teachers, teacher[rows])
    total = np.bincount(cell, values[rows], minlength=shape[0] * shape[1])
    count = np.bincount(cell, minlength=shape[0] * shape[1])
    with np.errstate(invalid="ignore"):
        return (total / count).reshape(shape)
