"""The criteria: their directions, the columns they need, and the formulas that span several rows.

A criterion is a number per response. Most are columns a scorer wrote; `learnability` and
`global_naturalness_casl` are computed here from such columns, because they need all candidates
of a prompt or the whole dataset.
"""

from local_naturalness.criteria.casl import CaslFit, fit_casl
from local_naturalness.criteria.known import (
    CRITERIA,
    ResolvedCriterion,
    check_directions,
    resolve_criterion,
)
from local_naturalness.criteria.learnability import learnability
from local_naturalness.criteria.table_notes import table_notes
from local_naturalness.criteria.teacher_steps import TeacherStepShare
from local_naturalness.criteria.values import (
    check_one_spec,
    criterion_values,
    has_enough_rows,
)

__all__ = [
    "CRITERIA",
    "CaslFit",
    "ResolvedCriterion",
    "TeacherStepShare",
    "check_directions",
    "check_one_spec",
    "criterion_values",
    "fit_casl",
    "has_enough_rows",
    "learnability",
    "resolve_criterion",
    "table_notes",
]
