"""The rows that teachers are ranked by, read from a dataset."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.criteria import ResolvedCriterion, criterion_values
from local_naturalness.tables import Columns, require_columns
from local_naturalness.teachers.cells import Group, cell_means


@dataclass(frozen=True)
class ScoredRows:
    """Rows with a prompt, a teacher and a finite criterion; arrays of shape [rows].

    Args:
        prompt: Prompt numbers.
        teacher: Codes into `names`.
        names: Teachers.
        values: The criterion.
        parts: What a teacher's number is made of (see `GroupValues`).
        lengths: Quantities of length that may explain a ranking.
        student: Who scored, where the dataset tells it.
        left_out: What rows lack that are not here -> how many.
        unscored: Teachers that have rows, but not one here.
    """

    prompt: np.ndarray
    teacher: np.ndarray
    names: Sequence[str]
    values: np.ndarray
    parts: Sequence[np.ndarray]
    lengths: Mapping[str, np.ndarray]
    student: str | None
    left_out: Mapping[str, int]
    unscored: Sequence[str]

    def matrix(self, numbers: np.ndarray, group: Group) -> np.ndarray:
        """A group's numbers as [prompts, teachers]."""
        return cell_means(numbers, self.prompt, self.teacher, group)

    def num_rows(self, group: Group) -> np.ndarray:
        """How many rows each teacher of a group has."""
        return np.bincount(self.teacher, minlength=len(self.names))[group.teachers]


def read_scored(
    columns: Columns, criterion: ResolvedCriterion, prompt_column: str, teacher_column: str
) -> ScoredRows:
    """Read what a ranking needs and leave out rows that cannot count.

    Raises:
        ValueError: A column is missing or no row is left.
    """
    require_columns(columns.names, {"prompt_column": prompt_column, "teacher_column": teacher_column})
    prompt = columns.prompt_codes(prompt_column)
    teacher, names = columns.labels(teacher_column)
    values = criterion_values(columns, criterion, prompt, (prompt >= 0) & (teacher >= 0))
    parts = _parts(columns, criterion, values)
    keep = np.isfinite([values, *parts]).all(axis=0)
    if not keep.any():
        raise ValueError(
            f"No row has a prompt, a teacher and a finite {criterion.name!r}: there is nothing to "
            "rank. The scorer's status column tells why rows have no score."
        )
    has_rows, has_scores = (
        np.bincount(codes, minlength=len(names)) > 0 for codes in (teacher[teacher >= 0], teacher[keep])
    )
    lengths = {name: numbers[keep] for name, numbers in _lengths(columns, criterion.suffix).items()}
    return ScoredRows(
        prompt=prompt[keep],
        teacher=teacher[keep],
        names=names,
        values=values[keep],
        parts=[part[keep] for part in parts],
        lengths=lengths,
        student=_student(columns, criterion),
        left_out=_left_out(prompt, teacher, keep),
        unscored=[name for code, name in enumerate(names) if has_rows[code] and not has_scores[code]],
    )


def _left_out(prompt: np.ndarray, teacher: np.ndarray, keep: np.ndarray) -> dict[str, int]:
    lacks_teacher = (prompt >= 0) & (teacher < 0)
    lacking = {
        "a prompt": prompt < 0,
        "a teacher": lacks_teacher,
        "a valid score": ~keep & (prompt >= 0) & (teacher >= 0),
    }
    return {what: int(rows.sum()) for what, rows in lacking.items() if rows.any()}


def _parts(columns: Columns, criterion: ResolvedCriterion, values: np.ndarray) -> Sequence[np.ndarray]:
    names = [name + criterion.suffix for name in ("mean_clipped_rank", "global_naturalness")]
    if criterion.base != "rank_surprisal_ratio" or not set(names) <= set(columns.names):
        return [values]
    clipped_rank, naturalness = (columns.numbers(name) for name in names)
    return [clipped_rank, -naturalness]


def _lengths(columns: Columns, suffix: str) -> dict[str, np.ndarray]:
    tokens, steps = (
        next((name for name in (base + suffix, base) if name in columns.names), None)
        for base in ("num_tokens", "num_steps")
    )
    if tokens is None:
        return {}
    lengths = {"the number of tokens": columns.numbers(tokens)}
    if steps is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            per_step = columns.numbers(tokens) / columns.numbers(steps)
        lengths["the number of tokens per step"] = np.where(np.isfinite(per_step), per_step, np.nan)
    return lengths


def student_of(spec: str) -> str | None:
    """The student's name in a scorer's spec, `student=<name>@<digest>; ...`.

    Example:

    >>> student_of("student=Qwen/Qwen2.5-7B@d149729; scorer=local; window=4")
    'Qwen/Qwen2.5-7B'
    """
    found = re.search(r"(?:^|; )student=([^;]*?)(?:@[^;@]*)?(?:;|$)", spec)
    return found.group(1) if found else None


def _student(columns: Columns, criterion: ResolvedCriterion) -> str | None:
    if criterion.spec_column not in columns.names:
        return None
    return next((student_of(spec) for spec in columns.distinct(criterion.spec_column, 1)), None)
