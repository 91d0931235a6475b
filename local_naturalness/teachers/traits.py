"""How much of a ranking is explained by the length, repetition and correctness of the answers."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.teachers.bootstrap_interval import FEWEST_PROMPTS, interval
from local_naturalness.teachers.explained import Decomposition, decompose
from local_naturalness.teachers.explained_gap import WARNED_OF, ExplainedGap
from local_naturalness.teachers.ranked_group import GroupValues

# A part of a gap that is below this share of it changes no decision, however certain it is.
_WORTH_A_DOUBT = 0.2
# The same for a difference between two teachers' shares of right answers, or of repeated tokens.
_DIFFERENCE_WORTH_A_DOUBT = 0.05


@dataclass(frozen=True)
class TraitFindings:
    """What the traits of the answers say about a ranking.

    Args:
        explained: One entry per trait that is known.
        doubts: Warnings.
    """

    explained: Sequence[ExplainedGap]
    doubts: Sequence[str]


def look_at_traits(
    values: GroupValues,
    names: Sequence[str],
    order: np.ndarray,
    *,
    measures_length: bool,
    unit: str,
    num_draws: int,
    seed: int,
) -> TraitFindings:
    """Relate the criterion to the traits of the answers that are known.

    Args:
        values: The group's cells.
        names: Its teachers.
        order: Places of the teachers, best first.
        measures_length: Whether the criterion is a length itself: then nothing is said about length.
        unit: Of the criterion.
        num_draws: Bootstrap draws.
        seed: Of the draws.
    """
    explained: list[ExplainedGap] = []
    doubts: list[str] = []
    if len(names) < 2:
        return TraitFindings(explained, doubts)
    first, last = int(order[0]), int(order[-1])
    numbers = values.linear()
    for trait, matrices in _traits(values, measures_length).items():
        found = decompose(numbers, matrices, values.sign, first, num_draws, seed)
        if found is None:
            continue
        gap, part = float(found.gap[last]), float(found.part[last])
        low, high = float(found.low[last]), float(found.high[last])
        is_separable = bool(found.is_separable[last])
        is_vague = bool(np.isnan(part)) or (low <= 0 <= high and high - low > gap)
        is_told = found.num_prompts >= FEWEST_PROMPTS and not is_vague
        is_doubt = trait in WARNED_OF and is_told and low > 0 and part >= _WORTH_A_DOUBT * gap
        # Teachers that are alike in a trait have no gap that could go with it. Where the answers of which
        # the trait is known have them the other way round, the gap that the table shows is not theirs.
        # Without an interval, because of few draws, nothing can be said of a part.
        is_known = np.isnan(part) or np.abs([part, low, high]).max() > 1e-9 * gap
        if gap > 0 and is_known:
            line = ExplainedGap(
                trait,
                names[first],
                names[last],
                gap,
                part,
                low,
                high,
                unit,
                found.num_prompts,
                is_separable,
                is_told,
                is_doubt,
            )
            explained.append(line)
            doubts += [str(line)] if is_doubt else []
        if trait == "correctness":
            doubts += _less_often_right(found, names, first)
        elif trait == "repetition":
            doubts += _more_repetitive(found, names, first)
    return TraitFindings(explained, doubts)


def _traits(values: GroupValues, measures_length: bool) -> dict[str, list[np.ndarray]]:
    known = values.traits
    traits: dict[str, list[np.ndarray]] = {}
    if "tokens" in known and not measures_length:
        # In logarithms tokens a step is the difference of the other two, so two traits say all three.
        with np.errstate(divide="ignore", invalid="ignore"):
            lengths = [np.log(known[name]) for name in ("tokens", "steps") if name in known]
        lengths = [np.where(np.isfinite(one), one, np.nan) for one in lengths]
        traits["length"] = [one for one in lengths if not np.isnan(one).all()]
    if "repeated" in known:
        traits["repetition"] = [known["repeated"]]
    if "correct" in known:
        traits["correctness"] = [known["correct"]]
    return {name: matrices for name, matrices in traits.items() if matrices}


def _less_often_right(found: Decomposition, names: Sequence[str], first: int) -> list[str]:
    best = int(np.argmax(found.trait))
    behind = found.trait[best] - found.trait[first]
    low, _ = interval(found.trait_draws[:, [best]] - found.trait_draws[:, [first]], found.num_prompts)
    if behind < _DIFFERENCE_WORTH_A_DOUBT or not low[0] > 0:
        return []
    return [
        f"{names[first]} leads, but is correct in {found.trait[first]:.0%} of its answers to the same "
        f"prompts, and {names[best]} in {found.trait[best]:.0%}: rank correct answers only, with "
        "`where=...`."
    ]


def _more_repetitive(found: Decomposition, names: Sequence[str], first: int) -> list[str]:
    others = [place for place in range(len(names)) if place != first]
    usual = found.trait[others].mean()
    ahead = found.trait_draws[:, [first]] - found.trait_draws[:, others].mean(axis=1, keepdims=True)
    low, _ = interval(ahead, found.num_prompts)
    if found.trait[first] - usual < _DIFFERENCE_WORTH_A_DOUBT or not low[0] > 0:
        return []
    return [
        f"{names[first]} leads and repeats itself more than the others: {found.trait[first]:.1%} of its "
        f"tokens are in repeated steps, against {usual:.1%} of theirs. Repeated text is likely, whatever "
        'it teaches. To leave loops out, pass `where="repeated_step_share < 0.2"`.'
    ]
