"""A colour for a step: two-sided, around what is usual among the sampled steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Shares of the sampled steps below each bound; the class in the middle has no colour.
_SHARES = (0.05, 0.15, 0.35, 0.65, 0.85, 0.95)


@dataclass(frozen=True)
class Scale:
    """Bounds in nats per token between the seven classes, ascending.

    >>> scale = Scale((-3.0, -2.0, -1.5, -1.0, -0.5, -0.1))
    >>> [scale.class_of(score) for score in (-9.0, -3.0, -1.2, 0.0, None)]
    ['t0', 't1', 't3', 't6', 'unscored']
    """

    bounds: tuple[float, ...]

    @classmethod
    def of(cls, scores: Sequence[float]) -> "Scale":
        """By the quantiles of scores."""
        known = np.array([score for score in scores if np.isfinite(score)])
        if not len(known):
            known = np.zeros(1)
        return cls(tuple(float(bound) for bound in np.quantile(known, _SHARES)))

    def class_of(self, score: float | None) -> str:
        """The name of the class, `unscored` for a step without a score."""
        if score is None or not np.isfinite(score):
            return "unscored"
        return f"t{int(np.searchsorted(self.bounds, score, side='right'))}"

    def legend(self) -> list[tuple[str, str]]:
        """Each class and what it means."""
        lows = [f"below {self.bounds[0]:.2f}", *(f"from {bound:.2f}" for bound in self.bounds)]
        return [(f"t{number}", low) for number, low in enumerate(lows)]
