"""How few prompts are enough: rankings of nested random subsets of prompts."""

import math

import numpy as np

from local_naturalness.teachers.additive_fit import fit_weighted_means

_NUM_SUBSET_RUNS = 20
_SMALLEST_SUBSET = 5


def subset_means(values: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Fitted means on nested random subsets of the prompts, halved again and again.

    Args:
        values: Shape [prompts, teachers].
        seed: Of the random subsets.

    Returns:
        The (expected) sizes, shape [sizes], descending from all prompts, and the means, shape
        [20 runs, sizes, teachers].
    """
    num_prompts, num_teachers = values.shape
    num_sizes = max(int(math.log2(max(num_prompts, 1) / _SMALLEST_SUBSET)) + 1, 1)
    fractions = 0.5 ** np.arange(num_sizes)
    generator = np.random.Generator(np.random.PCG64(seed))

    def weights(size: int) -> np.ndarray:
        # A prompt is in every subset larger than its random number, so subsets are nested.
        place = generator.random((_NUM_SUBSET_RUNS, 1, size), dtype=np.float32)
        chosen = place < fractions[:, None].astype(np.float32)
        return chosen.reshape(-1, size).astype(np.float32)

    means = fit_weighted_means(values, _NUM_SUBSET_RUNS * num_sizes, weights)
    sizes = np.round(num_prompts * fractions).astype(np.int64)
    return sizes, means.reshape(_NUM_SUBSET_RUNS, num_sizes, num_teachers)


def stable_from(sizes: np.ndarray, agrees: np.ndarray) -> int | None:
    """The smallest number of prompts from which on nearly every run agrees with the final answer.

    Args:
        sizes: Shape [sizes], descending, the first being all prompts.
        agrees: Shape [runs, sizes].

    Returns:
        The smallest size at which 95 % of the runs agree there and at every larger size; `None`
        when only the full set qualifies.

    Example: one of two runs disagrees at 10 prompts.

    >>> stable_from(np.array([40, 20, 10]), np.array([[True, True, True], [True, True, False]]))
    20
    """
    share = np.logical_and.accumulate(agrees, axis=1).mean(axis=0)
    smallest = int(np.flatnonzero(share >= 0.95).max(initial=0))
    return int(sizes[smallest]) if smallest > 0 else None
