"""`rank_teachers`: rank the teachers that a student may be trained on."""

import logging
import re
from collections.abc import Sequence
from numbers import Integral

import numpy as np
import pandas as pd
from datasets import Dataset

from local_naturalness.counted import counted
from local_naturalness.criteria import ResolvedCriterion, check_directions, resolve_criterion
from local_naturalness.listed import listed
from local_naturalness.tables import Columns, Where, eligible_rows, grouping_column, require_dataset
from local_naturalness.teachers.cells import Group, linked_groups
from local_naturalness.teachers.doubts import doubts_about
from local_naturalness.teachers.ranked_group import Estimate, GroupValues, estimate
from local_naturalness.teachers.result import TeacherGroup, TeacherRanking
from local_naturalness.teachers.scored import ScoredRows, read_scored
from local_naturalness.teachers.text import NO_NAME
from local_naturalness.teachers.traits import look_at_traits

logger = logging.getLogger(__name__)

_TEACHERS_IN_A_NOTE = 8
# Words in the name of a column that measures length itself.
_LENGTHS = re.compile("tokens|steps|length|chars|characters|words", re.IGNORECASE)


def rank_teachers(
    dataset: Dataset,
    by: str = "local_naturalness",
    *,
    where: Where | None = None,
    correct: str | None = None,
    prompt_column: str | None = None,
    teacher_column: str = "teacher",
    direction: str | None = None,
    complete_only: bool = False,
    num_bootstrap: int = 1000,
    seed: int = 0,
) -> TeacherRanking:
    """Rank teachers by a criterion, and show how certain the ranking is.

    Two teachers can be compared if they answered the same prompts, or if a chain of other teachers links
    them. Such teachers form a group, and each group is ranked on its own. If all teachers of a group
    answered all of its prompts, a teacher is ranked by its mean. Otherwise, the means come from a
    least-squares fit of prompt and teacher effects, so that no teacher gains from easier prompts (see
    `teachers/additive_fit.py`).

    `by="rank_surprisal_ratio"` ranks by the ratio of the means of `mean_clipped_rank` and
    `global_naturalness`, if the dataset has both, and not by the mean of the ratios (arXiv 2601.14249).

    Args:
        dataset: Scored rows.
        by: A column, or a criterion that is computed here (`"learnability"`, `"global_naturalness_casl"`).
        where: Which rows to use: a column of bools or of 0 and 1, an SQL expression such as
            `"is_correct and num_tokens < 8000"`, or a function of a row.
        correct: The column that says which responses are correct (bools, or 0 and 1), to show the accuracy
            next to the mean. By default, it is `is_correct` or `correct`, if there is one.
        prompt_column: The column that identifies prompts: strings, message lists or ids. `None` is
            `prompt_key`, which scorers write, or `prompt` if there is none.
        teacher_column: The column of the teachers' names.
        direction: `"high"` or `"low"`, for a column whose better direction the library does not know.
        complete_only: Use only prompts that every teacher of the group answered.
        num_bootstrap: Number of bootstrap draws over prompts. With fewer than a hundred, there are no
            intervals and no `p_best`.
        seed: Seed of the bootstrap and of the random subsets.

    Returns:
        A `TeacherRanking`. Rows whose criterion is null, NaN or infinite are left out. If a teacher has
        several rows for a prompt, they are averaged.

    Raises:
        ValueError: A column is missing, the criterion is unknown or mixes settings, or no row
            can be used.
        TypeError: `dataset` is not a `Dataset`, or a column is of the wrong type.

    Example: b is better than a, by 0.2 on average. c shares no prompt with them, so it is a group of its own.

    >>> from datasets import Dataset
    >>> from local_naturalness import rank_teachers
    >>> ranking = rank_teachers(Dataset.from_dict({
    ...     "prompt": ["p", "p", "q", "q", "r"],
    ...     "teacher": ["a", "b", "a", "b", "c"],
    ...     "local_naturalness": [-0.9, -0.8, -0.5, -0.2, -0.1],
    ... }))
    >>> [(group.best, group.table["mean"].round(2).tolist()) for group in ranking.groups]
    [('b', [-0.5, -0.7]), ('c', [-0.1])]
    """
    require_dataset(dataset, "rank_teachers")
    if by == "random":
        raise ValueError("Teachers cannot be ranked by random numbers: `by` must be a criterion.")
    for argument, number, smallest in (("num_bootstrap", num_bootstrap, 1), ("seed", seed, 0)):
        if not isinstance(number, Integral) or number < smallest:
            raise ValueError(f"`{argument}` must be at least {smallest} and whole, got {number!r}.")
    check_directions(direction, [by])
    criterion = resolve_criterion(by, dataset.column_names, direction)
    columns = Columns.of(dataset)
    passes = eligible_rows(dataset, columns, where)
    prompt_column = grouping_column(columns.names, prompt_column)
    scored = read_scored(columns, criterion, prompt_column, teacher_column, passes, correct)
    groups = linked_groups(scored.prompt, scored.teacher)
    return rank_groups(scored, groups, criterion, complete_only, num_bootstrap, seed)


def rank_groups(
    scored: ScoredRows,
    groups: Sequence[Group],
    criterion: ResolvedCriterion,
    complete_only: bool = False,
    num_bootstrap: int = 1000,
    seed: int = 0,
) -> TeacherRanking:
    """The ranking of some groups of teachers. A page shows only a few of thousands."""
    ranked = [_rank_group(scored, group, criterion, complete_only, num_bootstrap, seed) for group in groups]
    ranking = TeacherRanking(criterion.name, criterion.direction, ranked, _notes(scored, complete_only))
    for warning in ranking.warnings:
        # The table says it too: louder, and people would read everything twice.
        logger.info("%s", warning)
    return ranking


def _notes(scored: ScoredRows, complete_only: bool) -> list[str]:
    notes = [*_alone(scored), *scored.table_notes, *_kept(scored)]
    notes += [
        f"Left out, without {what}: {counted(number, 'row')}." for what, number in scored.left_out.items()
    ]
    if scored.unscored:
        unscored = ", ".join(name or NO_NAME for name in scored.unscored)
        notes.append(f"Not ranked, because they have no valid score: {unscored}.")
    if complete_only:
        notes.append("Only prompts that all teachers of a group answered are used.")
    cells = scored.prompt * len(scored.names) + scored.teacher
    num_repeated = len(cells) - len(pd.unique(cells))
    if num_repeated and not complete_only:
        notes.append(
            "Repeated answers of the same teacher to the same prompt are averaged: "
            f"{counted(num_repeated, 'row')}."
        )
    return notes


def _alone(scored: ScoredRows) -> list[str]:
    """Teachers that never meet are in groups of their own, which alone would look like a result."""
    cells = pd.unique(scored.prompt * len(scored.names) + scored.teacher)
    if len(cells) > len(pd.unique(scored.prompt)) or len(pd.unique(scored.teacher)) < 2:
        return []
    return ["No prompt has scored responses of two teachers, so teachers cannot be compared."]


def _kept(scored: ScoredRows) -> list[str]:
    """How many rows of each teacher pass `where`. A teacher that is often wrong loses many rows."""
    if not scored.kept:
        return []
    some, total = map(sum, zip(*scored.kept.values(), strict=True))
    shown = [f"{name or NO_NAME} {kept} of {all_rows}" for name, (kept, all_rows) in scored.kept.items()]
    by_teacher = listed(shown, at_most=_TEACHERS_IN_A_NOTE)
    return [f"`where` keeps {some} of {counted(total, 'row')}: {by_teacher}."]


def _rank_group(
    scored: ScoredRows,
    group: Group,
    criterion: ResolvedCriterion,
    complete_only: bool,
    num_bootstrap: int,
    seed: int,
) -> TeacherGroup:
    names = [scored.names[code] for code in group.teachers]
    values = GroupValues.of(scored, group, criterion.sign)
    if complete_only:
        group = group.of_prompts(~np.isnan(values.per_response).any(axis=1), scored.prompt)
        values = GroupValues.of(scored, group, criterion.sign)
        if not len(values.per_response):
            raise ValueError(
                f"`complete_only=True` leaves nothing: no prompt is answered by all of {names}. "
                "Drop the argument, or leave out the teachers with few answers."
            )
    result = estimate(values, num_bootstrap, seed)
    called = [name or NO_NAME for name in names]
    findings = look_at_traits(
        values,
        called,
        result.order,
        measures_length=criterion.base is None and bool(_LENGTHS.search(criterion.name)),
        unit=criterion.unit,
        num_draws=num_bootstrap,
        seed=seed,
    )
    return TeacherGroup(
        table=_table(values, result, names, scored.num_rows(group)),
        num_prompts=len(values.per_response),
        num_complete_prompts=result.num_complete_prompts,
        num_compared_prompts=result.num_compared_prompts,
        stable_order_from=result.stable_order_from,
        stable_best_from=result.stable_best_from,
        warnings=[*doubts_about(called, result, scored.specs), *findings.doubts],
        explained=findings.explained,
        compared_once=[names[place] for place in result.order if result.is_thin[place]],
        tied=[names[place] for place in result.tied],
        rivals=[names[place] for place in result.rivals],
        is_filtered=bool(scored.kept),
    )


def _table(values: GroupValues, result: Estimate, names: list[str], num_rows: np.ndarray) -> pd.DataFrame:
    columns = {
        "teacher": names,
        "mean": result.mean,
        "low": result.low,
        "high": result.high,
        "gap": result.mean - result.mean[result.order[0]],
        "gap_low": result.gap_low,
        "gap_high": result.gap_high,
        "p_best": result.p_best,
        "win_rate": result.win_rate,
        "num_prompts": np.count_nonzero(~np.isnan(values.per_response), axis=0),
        "num_responses": num_rows,
        "mean_complete": result.mean_complete,
        "accuracy": values.plain_mean("correct"),
        "mean_tokens": values.plain_mean("tokens"),
        "repeated_step_share": values.plain_mean("repeated"),
    }
    # Thousands of groups have a table each: they are made in one go.
    ordered = {name: np.asarray(values)[result.order] for name, values in columns.items()}
    return pd.DataFrame({"rank": np.arange(1, len(names) + 1), **ordered})
