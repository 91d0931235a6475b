"""Reasons to doubt a ranking of teachers, in plain words."""

from collections.abc import Sequence

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.listed import listed
from local_naturalness.tables.text import number_text
from local_naturalness.teachers.bootstrap import ENOUGH_DRAWS
from local_naturalness.teachers.bootstrap_interval import FEWEST_DRAWS, FEWEST_PROMPTS
from local_naturalness.teachers.ranked_group import Estimate
from local_naturalness.teachers.same_family import shared_family, student_words

_CONVINCING = 0.95
_NAMES_SHOWN = 8


def doubts_about(names: Sequence[str], result: Estimate, specs: Sequence[str]) -> list[str]:
    """Warnings about the ranking of one group that the criterion and the names alone give.

    Args:
        names: The group's teachers.
        result: Their ranking.
        specs: What the scorer noted, where the dataset tells it.
    """
    if len(names) < 2:
        return []
    return [
        *_too_few_prompts(names, result),
        *_undecided(names, result),
        *_own_family(names, result, specs),
        *_other_order(result),
    ]


def _too_few_prompts(names: Sequence[str], result: Estimate) -> list[str]:
    if result.is_thin.any():
        once = [_compared_once(names, result)]
        return once if result.is_thin.all() else [*once, *_few_for_intervals(result)]
    return _few_for_intervals(result)


def _compared_once(names: Sequence[str], result: Estimate) -> str:
    thin = [names[place] for place in result.order if result.is_thin[place]]
    if result.is_thin.all():  # teachers are linked by prompts, so it is the same one for all
        compared = "the teachers"
    elif len(thin) == 1:
        compared = f"{thin[0]} with other teachers"
    else:
        compared = f"each of these with other teachers: {', '.join(thin)}"
    told = (
        f"A single prompt compares {compared}. One prompt cannot show how much is due to chance, so "
        "intervals and P(best) are left empty."
    )
    if result.is_thin.all():
        return told
    if result.is_thin[result.order[0]]:
        return f"{told} As {thin[0]} is ahead of them, the others have no P(best) either."
    return f"{told} P(best) compares the others only."


def _few_for_intervals(result: Estimate) -> list[str]:
    if result.num_draws < FEWEST_DRAWS:
        return [_too_few_draws(result)]
    if result.num_compared_prompts < FEWEST_PROMPTS:
        return [
            f"Only {result.num_compared_prompts} prompts were answered by two teachers or more. Intervals "
            "from so few prompts are too narrow."
        ]
    if result.share_of_draws < ENOUGH_DRAWS:
        return [
            f"{1 - result.share_of_draws:.0%} of the bootstrap draws leave teachers without a common "
            "prompt and do not count. Some comparisons depend on very few prompts, and intervals are too "
            "narrow."
        ]
    return []


def _too_few_draws(result: Estimate) -> str:
    empty = "so intervals and P(best) are left empty"
    if result.share_of_draws < ENOUGH_DRAWS:
        return (
            f"Only {counted(result.num_draws, 'bootstrap draw')} link all teachers, {empty}. Some "
            "comparisons depend on very few prompts."
        )
    return (
        f"{counted(result.num_draws, 'bootstrap draw')} cannot show how far chance reaches, {empty}: pass "
        "`num_bootstrap=1000`."
    )


def _undecided(names: Sequence[str], result: Estimate) -> list[str]:
    first, *others = result.order
    p_best = result.p_best[first]
    if not p_best < _CONVINCING:
        return []
    if len(result.tied) > 1:
        tied = listed([names[place] for place in result.tied], at_most=_NAMES_SHOWN)
        which = "neither" if len(result.tied) == 2 else "none"
        return [f"{tied} have the same mean, so {which} of them leads."]
    # Each may be surely behind, and one of many still ahead by chance.
    rivals = result.rivals or [max(others, key=lambda place: np.nan_to_num(result.p_best[place]))]
    return [
        f"{names[first]} leads, but P(best) is only {number_text(p_best, 3)}: the data do not separate it "
        f"reliably from {listed([names[place] for place in rivals], at_most=_NAMES_SHOWN)}."
    ]


def _own_family(names: Sequence[str], result: Estimate, specs: Sequence[str]) -> list[str]:
    student = set().union(*map(student_words, specs))
    return [
        f"{names[place]} {'leads and ' if place == result.order[0] else ''}may share the student's family "
        f"({family}): a student finds text of its own kind natural, whatever it teaches."
        for place in result.order
        if (family := shared_family(student, names[place]))
    ]


def _other_order(result: Estimate) -> list[str]:
    if not result.num_complete_prompts:
        return []
    direction = np.sign(result.mean[result.order[0]] - result.mean[result.order[-1]])
    steps = direction * np.diff(result.mean_complete[result.order])
    if not (steps > 0).any():
        return []
    return [
        f"Over {counted(result.num_complete_prompts, 'prompt')} that all teachers answered, the order "
        "differs (see `mean_complete`)."
    ]
