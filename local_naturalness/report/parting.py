"""Where in a trace the lead of one response over another arises, and where two criteria differ.

A criterion that is a mean over steps is a sum of what each step adds: `score = sum_i w_i m_i`, with the
step's mean log-probability `m_i` and its weight `w_i`, `1/P` or its share of the tokens. From one criterion
to another what a step adds changes by `w_i (m'_i - m_i)`, for what it sees, and by `(w'_i - w_i) m'_i`,
for how it is weighed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.report.steps import Step

_THIRDS = ("first third", "second third", "last third")
_PLACES = 40
# Scores are means of the same numbers: what is farther off was not made of these steps.
_TOLERANCE = 1e-3
# What four decimals do not show.
_WORTH_A_WORD = 5e-5


@dataclass(frozen=True)
class Added:
    """What each step adds to one response's score by a criterion; arrays of shape [steps]."""

    means: np.ndarray
    weights: np.ndarray

    @classmethod
    def of(cls, steps: Sequence[Step], view: int, score: float) -> "Added | None":
        """Find the weights with which the steps make up the score; `None` where they do not.

        >>> steps = [Step(1, "a", (-2.0,), 3), Step(2, "b", (-1.0,), 1)]
        >>> Added.of(steps, 0, -1.5).weights.tolist(), Added.of(steps, 0, -1.75).weights.tolist()
        ([0.5, 0.5], [0.75, 0.25])
        >>> Added.of(steps, 0, -3.0) is None
        True
        """
        means = np.array([np.nan if step.scores[view] is None else step.scores[view] for step in steps])
        if not len(means) or not np.isfinite(means).all() or not np.isfinite(score):
            return None
        choices = [np.full(len(steps), 1 / len(steps))]
        if all(step.tokens for step in steps):
            tokens = np.array([step.tokens for step in steps], dtype=float)
            choices.append(tokens / tokens.sum())
        for weights in choices:
            if abs(weights @ means - score) <= _TOLERANCE * max(1, abs(score)):
                return cls(means, weights)
        return None

    @property
    def parts(self) -> np.ndarray:
        return self.weights * self.means


def by_third(parts: np.ndarray) -> np.ndarray:
    """Sums over the thirds of a trace, shape [3].

    >>> by_third(np.array([1.0, 2.0, 4.0, 8.0])).tolist()
    [3.0, 4.0, 8.0]
    """
    place = 3 * np.arange(len(parts)) // len(parts)
    return np.bincount(place, parts, minlength=3)


def running(parts: np.ndarray) -> np.ndarray:
    """The score as it grows from the beginning to the end of a trace, shape [41].

    >>> running(np.array([1.0, 3.0]))[[0, 20, 40]].tolist()
    [0.0, 1.0, 4.0]
    """
    grown = np.concatenate([[0.0], np.cumsum(parts)])
    return np.interp(np.linspace(0, 1, _PLACES + 1), np.linspace(0, 1, len(grown)), grown)


@dataclass(frozen=True)
class Parting:
    """How far one response is ahead of another, and where that lead arises; in nats, positive is ahead.

    Args:
        names: The criteria, one or two.
        gaps: What each third adds by each criterion, shape [criteria, 3].
        sight: What each third changes from the first to the second by what its steps see, shape [3].
        weighing: The same by how steps are weighed.
        lines: The running difference by each criterion, shape [criteria, 41].
    """

    names: list[str]
    gaps: np.ndarray
    sight: np.ndarray | None
    weighing: np.ndarray | None
    lines: np.ndarray

    @classmethod
    def of(
        cls, names: Sequence[str], one: Sequence[Added | None], other: Sequence[Added | None]
    ) -> "Parting | None":
        """From what steps add in two responses, by each criterion."""
        known = [
            (name, mine, theirs)
            for name, mine, theirs in zip(names, one, other, strict=True)
            if mine is not None and theirs is not None
        ]
        if not known or known[0][0] != names[0]:
            return None
        sight = weighing = None
        if len(known) == 2:
            (_, *by_first), (_, *by_second) = known
            mine, theirs = (_changes(*pair) for pair in zip(by_first, by_second, strict=True))
            sight, weighing = (by_third(a) - by_third(b) for a, b in zip(mine, theirs, strict=True))
        return cls(
            names=[name for name, _, _ in known],
            gaps=np.array([by_third(mine.parts) - by_third(theirs.parts) for _, mine, theirs in known]),
            sight=sight,
            weighing=weighing,
            lines=np.array([running(mine.parts) - running(theirs.parts) for _, mine, theirs in known]),
        )

    def rows(self) -> list[tuple[str, list[str]]]:
        """Heading and cells of each row, the sum last."""
        columns = [self.gaps[0]]
        if self.sight is not None and self.weighing is not None:
            columns += [self.sight, self.weighing, self.gaps[1]]
        table = np.array(columns).T
        shown = [*zip(_THIRDS, table, strict=True), ("together", table.sum(axis=0))]
        return [(name, [f"{value + 0.0:+.4f}" for value in values]) for name, values in shown]

    def headings(self) -> list[str]:
        if len(self.names) == 1:
            return [f"by {self.names[0]}"]
        return [
            f"by {self.names[0]}",
            "+ what steps see",
            "+ how they are weighed",
            f"= by {self.names[1]}",
        ]

    def sentence(self) -> str:
        """A sentence on where the two criteria differ; empty for one criterion."""
        if self.sight is None or self.weighing is None:
            return ""
        change = self.sight + self.weighing
        if np.abs(change).max() < _WORTH_A_WORD:
            return f"{self.names[0]} and {self.names[1]} agree on this distance."
        place = int(np.argmax(change * np.sign(change.sum())))
        cause, part = max(
            ("what steps see", float(self.sight.sum())),
            ("how they are weighed", float(self.weighing.sum())),
            key=lambda pair: pair[1] * np.sign(change.sum()),
        )
        return (
            f"From {self.names[0]} to {self.names[1]} the distance changes by {change.sum():+.4f} nats. "
            f"Its largest parts: {change[place]:+.4f} in the {_THIRDS[place]} of the traces, {part:+.4f} by "
            f"{cause}."
        )


def _changes(first: Added, second: Added) -> tuple[np.ndarray, np.ndarray]:
    """What changes for a response from one criterion to another, by what steps see and by their weights."""
    return (
        first.weights * (second.means - first.means),
        (second.weights - first.weights) * second.means,
    )
