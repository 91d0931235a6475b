r"""How much of the gaps between teachers is explained by other traits of their answers.

The criterion `y` and traits `z` of a response (such as the logarithm of its length) are related *within
prompts and teachers*, by least squares over the cells (prompt p, teacher t), with a weight `w[p]` per prompt:

    y[p, t] = prompt[p] + teacher[t] + beta z[p, t] + noise

`beta` is what a longer answer of the same teacher to the same prompt changes. With `b(y)` and `b(z)` the
teacher effects of each alone (see `additive_fit`), the gap `b(y)[i] - b(y)[j]` is the part `beta (b(z)[i] -
b(z)[j])` that the trait explains and the effect that remains (Gelbach, Journal of Labor Economics 34, 2016).
By Frisch, Waugh and Lovell, with `y*`, `z*` centred within prompts and `c(z)[t] = sum_p w_p z*[p, t]`:

    (sum w z* z*' - c(z) b(z)') beta = sum w z* y* - c(z) b(y)'

Everything but the solution is linear in the weights, so that bootstrap draws of prompts are cheap.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.teachers.additive_fit import Weights, fit_weighted_means
from local_naturalness.teachers.bootstrap import ENOUGH_DRAWS, bootstrap_weights
from local_naturalness.teachers.bootstrap_interval import interval

# Share of a trait's spread within prompts that must not follow from the teacher alone.
_LEAST_OWN_SPREAD = 1e-6
# Teachers differ in a trait if their means are further apart than this share of its usual spread.
_LEAST_DISTANCE = 0.01
_FEWEST_DRAWS = 200
_CELLS_TO_DRAW = 10_000_000


@dataclass(frozen=True)
class Decomposition:
    """Parts of the gaps; arrays of shape [teachers], unless noted otherwise.

    Args:
        gap: The first teacher's distance to each, positive where the first is better.
        part: The part of the gap that the traits explain; NaN if it cannot be estimated.
        is_separable: Whether the traits can be told from the teacher. They cannot if a teacher differs from
            the first one in the same way at every prompt: then no slope is known for this difference.
        low: Lower end of the 95 % bootstrap interval of the part.
        high: Upper end.
        trait: Fitted mean of the first trait.
        trait_draws: The same over draws, shape [draws, teachers].
        num_prompts: Prompts that compare teachers.
    """

    gap: np.ndarray
    part: np.ndarray
    is_separable: np.ndarray
    low: np.ndarray
    high: np.ndarray
    trait: np.ndarray
    trait_draws: np.ndarray
    num_prompts: int


def decompose(
    values: np.ndarray, traits: Sequence[np.ndarray], sign: float, first: int, num_draws: int, seed: int
) -> Decomposition | None:
    """Split the gaps between the first teacher and all others.

    Args:
        values: The criterion, shape [prompts, teachers], NaN where there is no answer.
        traits: What may explain it, each of that shape; cells where one is NaN do not count.
        sign: +1.0 when a high criterion is better, else -1.0.
        first: Place of the teacher whose gaps are asked for.
        num_draws: At most so many bootstrap draws; fewer for very many prompts and teachers.
        seed: Of the draws.

    Returns:
        `None` if the cells that count do not compare all teachers.

    Example: teacher 0 is better by 1 at each prompt, its answers are longer by 1 on average, and 1 more
    in length is worth 0.5 within each teacher: length explains half of the gap.

    >>> length = np.array([[3.0, 1.0], [2.0, 2.0], [1.0, 0.0], [2.0, 1.0]] * 4)
    >>> value = 0.5 * length + np.array([[0.5, 0.0]])
    >>> found = decompose(value, [length], sign=1.0, first=0, num_draws=100, seed=0)
    >>> found.gap.round(6).tolist(), found.part.round(6).tolist()
    ([0.0, 1.0], [0.0, 0.5])
    """
    is_known = np.isfinite([values, *traits]).all(axis=0)
    is_shared = is_known.sum(axis=1) > 1
    cells = [np.where(is_known, numbers, np.nan)[is_shared] for numbers in (values, *traits)]
    num_prompts = int(is_shared.sum())
    if not num_prompts:
        return None
    (gap,), (part,), (trait,), unseen = _parts(cells, sign, first, 1, lambda: _ones)
    if np.isnan(gap).any():
        return None
    is_separable = unseen < _LEAST_DISTANCE
    is_alike = np.isnan(part) & is_separable  # no answers of theirs differ, so there is nothing to explain
    num_draws = min(num_draws, max(_FEWEST_DRAWS, _CELLS_TO_DRAW // cells[0].size))
    _, part_draws, trait_draws, _ = _parts(
        cells, sign, first, num_draws, lambda: bootstrap_weights(num_draws, seed)
    )
    is_usable = ~np.isnan(part_draws).any(axis=1)
    if is_usable.mean() < ENOUGH_DRAWS:
        # What so few prompts decide that many draws miss them all cannot be told.
        part = np.full_like(part, np.nan)
    low, high = interval(part_draws[is_usable], num_prompts)
    for numbers in (part, low, high):
        numbers[is_alike] = 0.0
        numbers[~is_separable] = np.nan
    trait_draws = trait_draws[~np.isnan(trait_draws).any(axis=1)]
    return Decomposition(gap, part, is_separable, low, high, trait, trait_draws, num_prompts)


def _ones(size: int) -> np.ndarray:
    return np.ones((1, size))


def _parts(
    cells: Sequence[np.ndarray], sign: float, first: int, num_fits: int, weights: Callable[[], Weights]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Gaps, parts, means of the first trait, each [fits, teachers], and unseen distances, [teachers].

    Parts are NaN if they cannot be estimated. The unseen distance to the first teacher, in the first fit, is
    the part of the distance in the traits for which there is no slope, in usual spreads of the trait.
    """
    means = np.stack([fit_weighted_means(one, num_fits, weights()) for one in cells])
    sums = _weighted_sums([_centred(one) for one in cells], num_fits, weights())
    num_traits = len(cells) - 1
    num_pairs = num_traits * (num_traits + 1)
    crossed = sums[:, :num_pairs].reshape(num_fits, num_traits, num_traits + 1)
    totals = sums[:, num_pairs:].reshape(num_fits, num_traits, -1)
    # [fits, traits, 1 + traits]: the left column belongs to the values, the others to the traits.
    own = crossed - np.einsum("fkt,mft->fkm", totals, means)
    spread = np.einsum("fkk->fk", crossed[:, :, 1:])
    left = np.einsum("fkk->fk", own[:, :, 1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        is_told = np.where(spread > 0, left / spread, 0) > _LEAST_OWN_SPREAD
    scale = np.where(is_told, np.sqrt(np.where(is_told, left, 1.0)), np.inf)
    system = own[:, :, 1:] / scale[:, :, None] / scale[:, None, :]
    system[np.isnan(system)] = 0.0
    inverse = np.linalg.pinv(system, rcond=1e-6, hermitian=True)
    slope = inverse @ (own[:, :, :1] / scale[:, :, None])
    slope = slope[:, :, 0] / scale
    ahead = means[:, :, first, None] - means
    part = sign * np.einsum("fk,kft->ft", slope, ahead[1:])
    part[~is_told.any(axis=1)] = np.nan
    # Draws of prompts are not asked for this, and there are many of them.
    spread = np.where(is_told, left, np.where(spread > 0, spread, np.inf))[0]
    distance = ahead[1:, 0] / np.sqrt(spread / len(cells[0]))[:, None]
    unseen = np.abs(distance - inverse[0] @ system[0] @ distance).max(axis=0)
    return sign * ahead[0], part, means[1], unseen


def _centred(cells: np.ndarray) -> np.ndarray:
    known = ~np.isnan(cells)
    mean = np.where(known, cells, 0.0).sum(axis=1, keepdims=True) / known.sum(axis=1, keepdims=True)
    return np.where(known, cells - mean, 0.0)


def _weighted_sums(centred: list[np.ndarray], num_fits: int, weights: Weights) -> np.ndarray:
    """Products of each trait with the values and with each trait, then each trait by teacher."""
    values, *traits = centred
    sums: np.ndarray | float = 0.0
    block = max(20_000_000 // max(num_fits, values.shape[1], 100), 1)
    for start in range(0, len(values), block):
        of_block = weights(len(values[start : start + block]))
        rows = slice(start, start + block)
        products = [
            (trait[rows] * other[rows]).sum(axis=1, keepdims=True) for trait in traits for other in centred
        ]
        terms = np.concatenate([*products, *(trait[rows] for trait in traits)], axis=1)
        sums = sums + of_block.astype(np.float64) @ terms
    return np.asarray(sums)
