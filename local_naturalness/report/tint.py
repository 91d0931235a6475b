"""Colours for steps: two-sided, around the usual score of the sampled steps."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.counted import counted
from local_naturalness.report.steps import Step
from local_naturalness.report.views import View

# Shares of the sampled steps below each bound; the class in the middle has no colour.
_SHARES = (0.05, 0.15, 0.35, 0.65, 0.85, 0.95)


@dataclass(frozen=True)
class Scale:
    """Bounds in nats per token between the seven classes, ascending.

    >>> scale = Scale((-3.0, -2.0, -1.5, -1.0, -0.5, -0.1))
    >>> [scale.place(score) for score in (-9.0, -3.0, -1.2, 0.0, None)]
    [0, 1, 3, 6, None]
    """

    bounds: tuple[float, ...]

    @classmethod
    def of(cls, scores: np.ndarray) -> "Scale":
        """By the quantiles of scores, shape [n]."""
        known = scores[np.isfinite(scores)]
        if not len(known):
            known = np.zeros(1)
        return cls(tuple(float(bound) for bound in np.quantile(known, _SHARES)))

    def place(self, score: float | None) -> int | None:
        """The number of the class, `None` for a step without a score."""
        if score is None or not np.isfinite(score):
            return None
        return int(np.searchsorted(self.bounds, score, side="right"))

    def meanings(self) -> list[str]:
        """The meaning of each class, lowest first."""
        return [f"below {self.bounds[0]:.2f}", *(f"from {bound:.2f}" for bound in self.bounds)]


# Classes of steps: by the first view, by the second, by their difference.
_LETTERS = "tud"


@dataclass(frozen=True)
class Tints:
    """The scores that steps can be coloured by.

    Args:
        views: Lists of scores, none to two.
        scales: One for each, and with two views one for their difference.
    """

    views: Sequence[View]
    scales: Sequence[Scale]

    @classmethod
    def of(cls, views: Sequence[View], scores: np.ndarray) -> "Tints":
        """From the scores of sampled steps.

        Args:
            views: Of the table.
            scores: Shape [views, steps], NaN for none.
        """
        lists = [*scores, scores[1] - scores[0]] if len(views) == 2 else list(scores)
        return cls(views, [Scale.of(one) for one in lists])

    def classes(self, step: Step) -> str:
        """Names of the classes of a step; `unscored` where the first view has no score."""
        scores = [*step.scores, difference(step)] if len(self.views) == 2 else step.scores
        places = [scale.place(score) for scale, score in zip(self.scales, scores, strict=True)]
        named = [f"{_LETTERS[i]}{place}" for i, place in enumerate(places) if place is not None]
        return " ".join(named if places[0] is not None else ["unscored", *named])

    def told(self, step: Step) -> str:
        """The scores of a step in words."""
        known = [
            f"{view.name} {score:.3f}"
            for view, score in zip(self.views, step.scores, strict=True)
            if score is not None
        ]
        if not known:
            return "not in the sample of scored steps"
        values = known if len(self.views) > 1 else [known[0].rpartition(" ")[2]]
        length = f", {counted(step.tokens, 'token')}" if step.tokens else ""
        return f"{', '.join(values)} nats per token{length}"

    def legends(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """The choices, each with its classes and their meanings."""
        names = [f"{view.name}: {view.sees}" for view in self.views]
        if len(self.views) == 2:
            names.append(f"{self.views[1].name} minus {self.views[0].name}")
        return [
            (name, [(f"{letter}{place}", text) for place, text in enumerate(scale.meanings())])
            for name, scale, letter in zip(names, self.scales, _LETTERS, strict=False)
        ]


def difference(step: Step) -> float | None:
    """How much likelier a step is by the second view; `None` where one has no score."""
    first, second = step.scores
    return None if first is None or second is None else second - first
