"""How sure an accuracy is, given so many seeds and so many questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000


@dataclass(frozen=True)
class Interval:
    """An accuracy, or a difference of accuracies, with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


class Bootstrap:
    """Seeds and questions are drawn with replacement, both at once, the same questions for all selections.

    Drawing in both ways counts seeds and questions as samples (Owen 2007, the pigeonhole bootstrap), and
    errs on the side of caution. With one seed only questions vary.

    Args:
        num_questions: In the same order for all selections.
        seed: Of the draws.
    """

    def __init__(self, num_questions: int, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)
        share = np.full(num_questions, 1 / num_questions)
        self._weights = self._rng.multinomial(num_questions, share, size=DRAWS) / num_questions

    def accuracy(self, correct: Sequence[Sequence[bool]]) -> Interval:
        """Of shape [seeds, questions]."""
        return _interval(np.mean(correct), self._draws(correct))

    def difference(self, correct: Sequence[Sequence[bool]], other: Sequence[Sequence[bool]]) -> Interval:
        """Of the accuracy to that of another selection on the same questions."""
        mean = np.mean(correct) - np.mean(other)
        return _interval(mean, self._draws(correct) - self._draws(other))

    def _draws(self, correct: Sequence[Sequence[bool]]) -> np.ndarray:
        by_seed = self._weights @ np.asarray(correct, dtype=float).T
        num_seeds = by_seed.shape[1]
        seeds = self._rng.integers(num_seeds, size=(DRAWS, num_seeds))
        return np.take_along_axis(by_seed, seeds, axis=1).mean(axis=1)


def _interval(mean: float, draws: np.ndarray) -> Interval:
    low, high = np.quantile(draws, [0.025, 0.975])
    return Interval(float(mean), float(low), float(high))
