"""Reasons to doubt a ranking of teachers, in plain words."""

import re
from collections.abc import Mapping, Sequence

import numpy as np

from local_naturalness.teachers.bootstrap import Estimate

_CONVINCING = 0.95
_FEW_PROMPTS = 10
# A draw misses a given prompt with probability 0.37.
_ENOUGH_DRAWS = 0.7
_NOT_A_FAMILY = frozenset(
    "base chat code coder correct distill instruct large math medium mini model preview "
    "reasoning sft dpo rlhf small think thinking tiny the gguf awq gptq local answers".split()
)


def same_order_as(order: np.ndarray, means: np.ndarray) -> str | None:
    """Whether a quantity alone orders the teachers as the ranking does.

    Args:
        order: Teachers, best first.
        means: The quantity's mean per teacher.

    Returns:
        "larger" when larger is ranked better throughout, "smaller" when smaller is, else `None`;
        also `None` below three teachers, where one of the two is always true.

    Example:

    >>> same_order_as(np.array([2, 0, 1]), np.array([20.0, 10.0, 30.0]))
    'larger'
    """
    steps = np.diff(means[order])
    if len(order) < 3 or np.isnan(steps).any():
        return None
    if (steps < 0).all():
        return "larger"
    return "smaller" if (steps > 0).all() else None


def shared_family(student: str, teacher: str) -> str | None:
    """A word of three letters or more that both model names hold, kinds of model left out.

    Example:

    >>> shared_family("Qwen/Qwen2.5-7B-Instruct", "qwen3-235b-thinking")
    'qwen'
    >>> shared_family("Qwen/Qwen2.5-7B-Instruct", "llama-3-instruct") is None
    True
    """

    def words(name: str) -> set[str]:
        return set(re.findall("[a-z]{3,}", name.lower())) - _NOT_A_FAMILY

    return min(words(student) & words(teacher), default=None)


def doubts_about(
    names: Sequence[str],
    result: Estimate,
    lengths: Mapping[str, np.ndarray],
    student: str | None,
) -> list[str]:
    """Warnings about the ranking of one group.

    Args:
        names: The group's teachers.
        result: Their ranking.
        lengths: Name of a quantity of length -> mean per teacher.
        student: The student's name where the dataset tells it.
    """
    if len(names) < 2:
        return []
    leader, second = (names[place] for place in result.order[:2])
    doubts = []
    p_best = result.p_best[result.order[0]]
    if result.is_thin.any():
        thin = ", ".join(names[place] for place in result.order if result.is_thin[place])
        doubts.append(
            f"A single prompt compares {thin} with other teachers: one prompt cannot tell how far "
            "chance decided, so intervals and P(best) are left empty."
        )
    elif result.num_compared_prompts < _FEW_PROMPTS:
        doubts.append(
            f"Only {result.num_compared_prompts} prompts are answered by two teachers or more: intervals "
            "from so few are too narrow."
        )
    elif result.share_of_draws < _ENOUGH_DRAWS:
        doubts.append(
            f"{1 - result.share_of_draws:.0%} of the bootstrap draws leave teachers without a common prompt "
            "and do not count: some comparisons hang on very few prompts, and intervals are too narrow."
        )
    if p_best < _CONVINCING:
        doubts.append(
            f"{leader} leads, but is best in only {p_best:.0%} of the bootstrap draws: the data do "
            f"not tell it from {second} reliably."
        )
    for quantity, means in lengths.items():
        if side := same_order_as(result.order, means):
            doubts.append(
                f"{quantity} alone gives the same order ({side} is ranked better): the criterion "
                "may be measuring length here."
            )
    for place in result.order:
        if student and (family := shared_family(student, names[place])):
            position = "leads and " if names[place] == leader else ""
            doubts.append(
                f"{names[place]} {position}may share the student's family ({family}): a student "
                "finds text of its own kind natural, whatever it teaches."
            )
    if _order_differs(result):
        doubts.append(
            f"Over the {result.num_complete_prompts} prompts that all teachers answered the order "
            "differs (see `mean_complete`)."
        )
    return doubts


def _order_differs(result: Estimate) -> bool:
    if not result.num_complete_prompts:
        return False
    direction = np.sign(result.mean[result.order[0]] - result.mean[result.order[-1]])
    steps = direction * np.diff(result.mean_complete[result.order])
    return bool((steps > 0).any())
