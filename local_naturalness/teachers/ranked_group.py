"""The ranking of one group of teachers: means, intervals, probabilities of being best."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.teachers.additive_fit import fit_means, ratio
from local_naturalness.teachers.bootstrap import bootstrap
from local_naturalness.teachers.bootstrap_interval import (
    FEWEST_DRAWS,
    FEWEST_PROMPTS,
    contains_zero,
    interval,
)
from local_naturalness.teachers.cells import Group
from local_naturalness.teachers.scored import ScoredRows
from local_naturalness.teachers.subsets import stable_from, subset_means


@dataclass(frozen=True)
class GroupValues:
    """The values that the teachers of a group are ranked by.

    Args:
        parts: One matrix [prompts, teachers] whose fitted means are the estimate, or two whose
            ratio of fitted means is.
        per_response: Shape [prompts, teachers], for comparisons of single answers.
        sign: +1.0 when high is better, else -1.0.
        traits: Other known traits of the answers ("tokens", "steps", "repeated", "correct"), each of shape
            [prompts, teachers].
    """

    parts: Sequence[np.ndarray]
    per_response: np.ndarray
    sign: float
    traits: Mapping[str, np.ndarray]

    @classmethod
    def of(cls, scored: ScoredRows, group: Group, sign: float) -> "GroupValues":
        """The cells of one group of teachers."""
        parts = [scored.matrix(part, group) for part in scored.parts]
        known = {
            "tokens": scored.tokens,
            "steps": scored.steps,
            "repeated": scored.repeated,
            "correct": scored.correct,
        }
        traits = {
            name: scored.matrix(numbers, group) for name, numbers in known.items() if numbers is not None
        }
        return cls(parts, scored.matrix(scored.values, group), sign, traits)

    def means(self) -> np.ndarray:
        """One number per teacher, shape [teachers]."""
        return ratio([fit_means(part) for part in self.parts])

    def complete(self) -> "GroupValues":
        """The prompts that every teacher answered."""
        keep = ~np.isnan(self.per_response).any(axis=1)
        traits = {name: numbers[keep] for name, numbers in self.traits.items()}
        return GroupValues([part[keep] for part in self.parts], self.per_response[keep], self.sign, traits)

    def plain_mean(self, trait: str) -> np.ndarray:
        """A trait's mean over each teacher's own prompts, shape [teachers]; NaN where nothing is known."""
        cells = self.traits.get(trait, np.full_like(self.per_response, np.nan))
        known = ~np.isnan(cells)
        with np.errstate(invalid="ignore"):
            return np.where(known, cells, 0.0).sum(axis=0) / known.sum(axis=0)

    def linear(self) -> np.ndarray:
        """Numbers per response whose means are the teachers' numbers, shape [prompts, teachers].

        A ratio of means is linearised around them: `r + (a - r b) / mean(b)`.
        """
        if len(self.parts) == 1:
            return self.parts[0]
        upper, lower = self.parts
        ratio = self.means()
        return ratio + (upper - ratio * lower) / fit_means(lower)

    def order(self, means: np.ndarray) -> np.ndarray:
        """Teachers from best to worst along the last axis; of equal ones the first stays first."""
        return np.argsort(-self.sign * means, axis=-1, kind="stable")


@dataclass(frozen=True)
class Estimate:
    """The figures of one group; arrays of shape [teachers] in the group's order of teachers.

    A teacher is thin if a single prompt compares it with the others. Every bootstrap draw that can be used
    holds that prompt, so the draws would show certainty where there is none: they are left out.
    """

    order: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    gap_low: np.ndarray
    gap_high: np.ndarray
    p_best: np.ndarray
    win_rate: np.ndarray
    mean_complete: np.ndarray
    num_complete_prompts: int
    num_draws: int
    share_of_draws: float
    num_compared_prompts: int
    is_thin: np.ndarray
    stable_order_from: int | None
    stable_best_from: int | None

    @property
    def tied(self) -> list[int]:
        """The first teacher and all with the same mean."""
        return [place for place in self.order if self.mean[place] == self.mean[self.order[0]]]

    @property
    def rivals(self) -> list[int]:
        """Teachers whose gap to the first one may be due to chance, the likeliest to be best first.

        The second by its mean may be surely behind, and one with a lower mean not, if its values vary more.
        """
        may_lead = contains_zero(self.gap_low, self.gap_high)
        likeliest = sorted(self.order[1:], key=lambda place: np.nan_to_num(-self.p_best[place]))
        return [place for place in likeliest if may_lead[place]]


def estimate(values: GroupValues, num_bootstrap: int, seed: int) -> Estimate:
    """Rank the teachers of a group.

    Args:
        values: The values that they are ranked by.
        num_bootstrap: Draws of prompts with replacement, the same for all teachers (paired).
        seed: Of the draws and of the random subsets.
    """
    mean = values.means()
    order = values.order(mean)
    draws = bootstrap(values.parts, num_bootstrap, seed)
    complete = values.complete()
    num_complete = len(complete.per_response)
    is_thin = compared_by(values.per_response) < 2
    draws[:, is_thin] = np.nan
    num_compared = int(np.count_nonzero(np.count_nonzero(~np.isnan(values.per_response), axis=1) > 1))
    num_prompts = len(values.per_response)
    p_best = _probability_of_best(values.sign * draws)
    if is_thin[order[0]]:
        # How likely the others are best cannot be known without the one that is ahead of them.
        p_best[:] = np.nan
    low, high = interval(draws, num_prompts)
    gap_low, gap_high = interval(draws - draws[:, order[:1]], num_compared or num_prompts)
    sizes, of_subsets = subset_means_of(values, seed)
    better = values.sign * of_subsets[..., order]
    # Equal teachers have no order, and subsets that leave teachers unlinked (NaN) none that could agree.
    has_order = np.all(np.diff(better) < 0, axis=-1)
    has_leader = np.all(better[..., 1:] < better[..., :1], axis=-1)
    is_enough = num_compared >= FEWEST_PROMPTS
    return Estimate(
        order=order,
        mean=mean,
        low=low,
        high=high,
        gap_low=gap_low,
        gap_high=gap_high,
        p_best=p_best,
        win_rate=win_rates(values.sign * values.per_response),
        mean_complete=complete.means() if num_complete else np.full(len(mean), np.nan),
        num_complete_prompts=num_complete,
        num_draws=len(draws),
        share_of_draws=len(draws) / num_bootstrap,
        num_compared_prompts=num_compared,
        is_thin=is_thin,
        stable_order_from=stable_from(sizes, has_order) if is_enough else None,
        stable_best_from=stable_from(sizes, has_leader) if is_enough else None,
    )


def subset_means_of(values: GroupValues, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Sizes of nested random subsets and the estimates on them, [runs, sizes, teachers]."""
    sizes, *_ = results = [subset_means(part, seed) for part in values.parts]
    return sizes[0], ratio([means for _, means in results])


def compared_by(values: np.ndarray) -> np.ndarray:
    """How many prompts compare each teacher with another one.

    Args:
        values: Shape [prompts, teachers], NaN where there is no answer.

    Returns:
        Shape [teachers]; for a single teacher its prompts.

    Example: teachers 0 and 1 meet at two prompts, teacher 2 meets them at one.

    >>> compared_by(np.array([[1.0, 2.0, 3.0], [1.0, 2.0, np.nan], [np.nan, np.nan, 4.0]])).tolist()
    [2, 2, 1]
    """
    answered = ~np.isnan(values)
    is_shared = answered.sum(axis=1) >= min(2, values.shape[1])
    return answered[is_shared].sum(axis=0)


def _probability_of_best(draws: np.ndarray) -> np.ndarray:
    if len(draws) < FEWEST_DRAWS:
        return np.full(draws.shape[1], np.nan)
    is_known = ~np.isnan(draws[0])
    if is_known.sum() < min(2, len(is_known)):
        return np.full(draws.shape[1], np.nan)
    is_best = draws == np.where(is_known, draws, -np.inf).max(axis=1, keepdims=True)
    share = (is_best / is_best.sum(axis=1, keepdims=True)).mean(axis=0)
    return np.where(is_known, share, np.nan)


def win_rates(values: np.ndarray) -> np.ndarray:
    """Share of comparisons with other teachers' answers to the same prompt that a teacher wins.

    Args:
        values: Shape [prompts, teachers], high is better, NaN where there is no answer.

    Returns:
        Shape [teachers]; a tie is half a win; NaN for a teacher that was never compared.

    Example: of its three comparisons teacher 0 wins one, ties one and loses one.

    >>> win_rates(np.array([[3.0, 1.0, 3.0], [1.0, 2.0, np.nan]])).round(3).tolist()
    [0.5, 0.333, 0.75]
    """
    num_teachers = values.shape[1]
    wins, comparisons = np.zeros(num_teachers), np.zeros(num_teachers)
    for one in range(num_teachers - 1):
        differences = values[:, one, None] - values[:, one + 1 :]
        compared = np.count_nonzero(~np.isnan(differences), axis=0)
        won = np.count_nonzero(differences > 0, axis=0) + 0.5 * np.count_nonzero(differences == 0, axis=0)
        wins[one] += won.sum()
        wins[one + 1 :] += compared - won
        comparisons[one] += compared.sum()
        comparisons[one + 1 :] += compared
    with np.errstate(invalid="ignore"):
        return wins / comparisons
