"""Does a criterion order teachers as training did, and how certain is that?"""

import math
from collections.abc import Mapping, Sequence
from numbers import Real

import numpy as np
import pandas as pd

from local_naturalness.criteria import ResolvedCriterion
from local_naturalness.tables import Columns
from local_naturalness.teachers.cells import linked_groups
from local_naturalness.teachers.ranked_group import GroupValues
from local_naturalness.teachers.scored import read_scored


def relate_to_outcomes(
    columns: Columns,
    criteria: Sequence[ResolvedCriterion],
    outcomes: Mapping[str, float],
    prompt_column: str,
    teacher_column: str,
    passes: np.ndarray | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame, list[str]]:
    """Spearman's correlation of each criterion's teacher means with the outcomes, with notes on its limits.

    Args:
        columns: The dataset.
        criteria: "random" is passed over.
        outcomes: Teacher -> accuracy of the student trained on it.
        passes: Which rows count, shape [rows]; `None` for all.

    Returns:
        Columns `criterion`, `spearman`, `spearman_low`, `spearman_high`, `num_teachers`; the teachers'
        means (higher is better) by criterion and, as the last row, their outcomes; and notes.

    Raises:
        ValueError: No teacher of the dataset has an outcome, or an outcome is no finite number.
    """
    _, teachers = columns.labels(teacher_column)
    _check_outcomes(outcomes, teachers)
    related, compared, most = [], set(), 0
    means: dict[str, dict[str, float]] = {}
    for criterion in criteria:
        if criterion.kind == "random":
            continue
        known = _known_means(columns, criterion, outcomes, prompt_column, teacher_column, passes)
        rho = spearman(np.array(list(known.values())), np.array([outcomes[name] for name in known]))
        related.append((criterion.name, rho, *spearman_interval(rho, len(known)), len(known)))
        compared |= set(known)
        means[criterion.name] = known
        most = max(most, len(known))
    low, _ = spearman_interval(1.0, most)
    notes = [
        f"With {most} teachers, the 95 % interval of Spearman reaches from {low:.2f} to 1 even if the "
        "order is perfect. Criteria whose intervals overlap cannot be told apart."
    ]
    unknown = sorted(set(outcomes) - set(teachers))
    if unknown:
        notes.append(f"Outcomes of {unknown} are not used: the dataset has no such teachers.")
    left_out = sorted(set(outcomes) & set(teachers) - compared)
    if left_out:
        notes.append(
            f"Outcomes of {left_out} are not used: these teachers have no scored rows, or share no "
            "prompt with the others."
        )
    names = ["criterion", "spearman", "spearman_low", "spearman_high", "num_teachers"]
    used = [
        name for name in sorted(outcomes, key=lambda name: outcomes[name], reverse=True) if name in compared
    ]
    rows = {**means, "outcome": outcomes}
    table = pd.DataFrame(
        [[row.get(name, math.nan) for name in used] for row in rows.values()], index=list(rows), columns=used
    )
    return pd.DataFrame(related, columns=names), table, notes


def _check_outcomes(outcomes: Mapping[str, float], teachers: list[str]) -> None:
    if not set(teachers) & set(outcomes):
        raise ValueError(
            f"`outcomes` must name teachers of the dataset, which are {', '.join(teachers)}; found "
            f"{', '.join(map(str, outcomes)) or 'none'}."
        )
    for teacher, outcome in outcomes.items():
        if not isinstance(outcome, Real) or not math.isfinite(outcome):
            raise ValueError(f"`outcomes` must be finite numbers, found {outcome!r} for {teacher!r}.")


def _known_means(
    columns: Columns,
    criterion: ResolvedCriterion,
    outcomes: Mapping[str, float],
    prompt_column: str,
    teacher_column: str,
    passes: np.ndarray | None,
) -> dict[str, float]:
    """The means (high is better) of teachers with an outcome.

    Means of teachers that share no prompt cannot be compared, so only the group with most outcomes counts.
    """
    scored = read_scored(columns, criterion, prompt_column, teacher_column, passes)
    group = max(
        linked_groups(scored.prompt, scored.teacher),
        key=lambda group: sum(scored.names[code] in outcomes for code in group.teachers),
    )
    means = criterion.sign * GroupValues.of(scored, group, criterion.sign).means()
    named = zip((scored.names[code] for code in group.teachers), means.tolist(), strict=True)
    return {name: mean for name, mean in named if name in outcomes and not math.isnan(mean)}


def spearman(one: np.ndarray, other: np.ndarray) -> float:
    """Spearman's rank correlation; ties share their mean rank.

    Args:
        one: Shape [teachers].
        other: Shape [teachers].

    Returns:
        Between -1 and 1; NaN when one side is constant or there are fewer than two teachers.

    Example: one swap among four: 1 - 6 * 2 / (4 * 15) = 0.8.

    >>> spearman(np.array([1.0, 2.0, 3.0, 4.0]), np.array([10.0, 20.0, 40.0, 30.0]))
    0.8
    """
    return float(pd.DataFrame({"one": one, "other": other}).corr(method="spearman").to_numpy()[0, 1])


def spearman_interval(rho: float, num_teachers: int) -> tuple[float, float]:
    """A 95 % interval of Spearman's correlation by Fisher's z.

    The variance of z is 1.06 / (n - 3) (Fieller, Hartley and Pearson 1957). A perfect correlation
    would give an interval of no width, so `rho` is first moved inside by half of the smallest
    step it can take, 6 / (n (n^2 - 1)).

    Args:
        rho: The correlation.
        num_teachers: `n`; below 4, the interval is (-1, 1).

    Example: a perfect order of four teachers leaves a wide interval, one of eleven a narrow one.

    >>> [round(bound, 2) for bound in spearman_interval(1.0, 4)]
    [-0.5, 1.0]
    >>> [round(bound, 2) for bound in spearman_interval(1.0, 11)]
    [0.98, 1.0]
    """
    if num_teachers < 4 or math.isnan(rho):
        return -1.0, 1.0
    inside = 1 - 6 / (num_teachers * (num_teachers**2 - 1))
    z = math.atanh(max(-inside, min(inside, rho)))
    reach = 1.959964 * math.sqrt(1.06 / (num_teachers - 3))
    return math.tanh(z - reach), math.tanh(z + reach)
