"""The share of steps that are much likelier under the teacher than under the student."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class TeacherStepShare:
    """Add `teacher_step_share` to rows that hold the teacher's own log-probabilities of its steps.

    This is the share of steps whose geometric-mean probability under the teacher is more than `factor` times
    that under the student: steps that the teacher has and the student lacks (DAS, arXiv 2601.09088). High is
    taken as better. `factor` has no default because the paper does not publish its thresholds.

    The student's log-probabilities come from `LocalScorer(..., window=None, return_steps=True)`, so that each
    step is conditioned on everything before it, as it was for the teacher.

    Args:
        teacher_column (`str`):
            Column of lists: the teacher's mean log-probability per token of each step, in nats.
        factor (`float`):
            How many times likelier a step must be under the teacher, at least 1.
        step_scores_column (`str`, *optional*, defaults to `"step_scores"`):
            Column with the same numbers for the student. Steps that were not scored are left out.

    Raises:
        ValueError: the two lists of a row have different lengths, so they belong to different steps.

    Example:

    >>> from datasets import Dataset
    >>> ds = Dataset.from_dict({"step_scores": [[-2.0, -0.5, None]], "of_teacher": [[-0.5, -0.4, -0.1]]})
    >>> ds.map(TeacherStepShare("of_teacher", factor=2.0))["teacher_step_share"][:]
    [0.5]
    """

    teacher_column: str
    factor: float
    step_scores_column: str = "step_scores"

    def __post_init__(self) -> None:
        if not self.factor >= 1:
            raise ValueError(f"`factor` must be at least 1, found {self.factor!r}.")

    def __call__(self, row: Mapping[str, Any]) -> dict[str, float | None]:
        """The new column of one row, for `dataset.map`."""
        missing = [name for name in (self.step_scores_column, self.teacher_column) if name not in row]
        if missing:
            raise ValueError(
                f"`TeacherStepShare` needs the column {missing[0]!r} and found {', '.join(map(repr, row))}. "
                "Score with `LocalScorer(..., window=None, return_steps=True)`, and name the teacher's "
                "column with `teacher_column`."
            )
        return {"teacher_step_share": self._share(row[self.step_scores_column], row[self.teacher_column])}

    def _share(
        self, student: Sequence[float | None] | None, teacher: Sequence[float | None] | None
    ) -> float | None:
        if student is None or teacher is None:
            return None
        if len(student) != len(teacher):
            raise ValueError(
                f"A row has {len(student)} steps of the student and {len(teacher)} of the teacher: both "
                "sides must use the same steps. Pass the teacher's steps to the scorer with "
                "`steps_column=`."
            )
        gaps = [
            of_teacher - of_student
            for of_student, of_teacher in zip(student, teacher, strict=True)
            if of_student is not None and of_teacher is not None
        ]
        return sum(gap > math.log(self.factor) for gap in gaps) / len(gaps) if gaps else None
