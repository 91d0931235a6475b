"""Wins over shorter and over longer answers: is a teacher ahead because its answers are short?"""

from dataclasses import dataclass

import numpy as np

# Of prompts with thousands of candidates each is compared with the next ones only: more tells nothing new.
_MOST_NEIGHBOURS = 200


@dataclass(frozen=True)
class Wins:
    """Comparisons of a teacher's responses with other responses to the same prompts; arrays of shape
    [teachers].

    Args:
        won: Number of comparisons that each teacher won; a tie is half a win.
        compared: Number of comparisons.
    """

    won: np.ndarray
    compared: np.ndarray

    def share(self, teacher: int) -> float:
        """The share of its comparisons that a teacher won; NaN without any."""
        return float(self.won[teacher] / self.compared[teacher]) if self.compared[teacher] else np.nan


@dataclass(frozen=True)
class WinsByLength:
    """All comparisons, those with shorter and those with longer responses; equal lengths are in neither.

    A teacher that is ahead because its responses are short wins over longer ones and loses to shorter ones.
    """

    all: Wins
    over_shorter: Wins
    over_longer: Wins

    @classmethod
    def of(
        cls,
        better: np.ndarray,
        tokens: np.ndarray,
        prompt: np.ndarray,
        teacher: np.ndarray,
        num_teachers: int,
    ) -> "WinsByLength":
        """Compare all responses to a prompt.

        Args:
            better: Scores, high is better, NaN for none; shape [rows] as the others.
            tokens: Lengths, NaN where not known.
            prompt: Numbers, -1 for none.
            teacher: Codes, -1 for none.
            num_teachers: How many codes there are.

        >>> better, tokens = np.array([-0.1, -0.2, -0.3]), np.array([20.0, 10.0, 30.0])
        >>> found = WinsByLength.of(better, tokens, np.zeros(3, int), np.arange(3), 3)
        >>> [one.won.tolist() for one in (found.all, found.over_shorter, found.over_longer)]
        [[2.0, 1.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]]
        >>> found.over_shorter.compared.tolist()
        [1.0, 0.0, 2.0]
        """
        rows = np.flatnonzero(np.isfinite(better) & (prompt >= 0) & (teacher >= 0))
        rows = rows[np.argsort(prompt[rows], kind="stable")]
        won, compared = np.zeros((2, 3, num_teachers))
        for offset in range(1, min(_MOST_NEIGHBOURS, len(rows) - 1) + 1):
            one, other = rows[:-offset], rows[offset:]
            same = prompt[one] == prompt[other]
            if not same.any():
                break
            same &= teacher[one] != teacher[other]
            one, other = one[same], other[same]
            for a, b in ((one, other), (other, one)):
                gain = 0.5 + 0.5 * np.sign(better[a] - better[b])
                among = (np.ones(len(a), dtype=bool), tokens[b] < tokens[a], tokens[b] > tokens[a])
                for place, chosen in enumerate(among):
                    won[place] += np.bincount(teacher[a[chosen]], gain[chosen], num_teachers)
                    compared[place] += np.bincount(teacher[a[chosen]], minlength=num_teachers)
        return cls(*(Wins(*pair) for pair in zip(won, compared, strict=True)))
