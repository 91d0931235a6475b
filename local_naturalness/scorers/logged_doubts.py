"""Warnings about rows whose scores may be doubtful, each kind logged once."""

import logging
import math
from collections import Counter
from collections.abc import Iterable, Mapping

from local_naturalness.encoding.messages import as_messages
from local_naturalness.encoding.row_doubts import in_words, is_warned_of
from local_naturalness.scorers.planned_row import PlannedRow

logger = logging.getLogger(__name__)

# Tokens from which on their mean is compared with a guess.
_FEWEST_TOKENS = 100


class Doubts:
    """Log doubts about rows, each kind once.

    Args:
        template: source of the student's chat template.
        are_different: whether equal rows are planned once, because they share a score in the store.
    """

    def __init__(self, template: str, are_different: bool) -> None:
        self._template = template
        self._rows = "different rows" if are_different else "rows"
        self._told: set[str] = set()
        self._num_rows = 0
        self._num_tokens = 0
        self._nats = 0.0

    def tell(self, rows: Iterable[PlannedRow | str], refusals: Mapping[str, str]) -> None:
        """Log the doubts about a batch.

        Args:
            rows: planned rows, or the status of those that cannot be scored.
            refusals: for each status of refused rows, why the first of them was refused.
        """
        rows = list(rows)
        self._num_rows += len(rows)
        # A kind is told in the first batch that has it, so there was none in the rows before.
        of = f"of the first {self._num_rows:,} {self._rows}"
        for kind, count in count_doubts(rows).items():
            where = f"In {count:,} {of}" if self._num_rows > 1 else "In the first row"
            self._tell(kind, f"{in_words(kind, where, self._template)} {_first(kind, rows)}")
        for status, reason in refusals.items():
            refused = rows.count(status)
            first = ": " if refused == 1 else ". The first of them: "
            which = f"{refused:,} {of}" if self._num_rows > 1 else "The first row"
            self._tell(status, f"{which} could not be scored{first}{reason}")

    def tell_if_worse_than_a_guess(
        self, scores: Iterable[tuple[float, int]], student: str, vocabulary: int
    ) -> None:
        """Log once that the student predicts the responses worse than a uniform guess among its tokens.

        Such a student cannot read the text. A trained one is far better, in every language that it has seen.

        Args:
            scores: the mean log-probability and the number of tokens of each response that has a score.
            student: its name.
            vocabulary: number of its tokens.
        """
        for mean, num_tokens in scores:
            self._num_tokens += num_tokens
            self._nats += mean * num_tokens
        guess = -math.log(vocabulary)
        is_worse = self._num_tokens >= _FEWEST_TOKENS and self._nats < guess * self._num_tokens
        if is_worse and "guess" not in self._told:
            self._told.add("guess")
            logger.warning(
                "The student %s cannot read these responses. Their mean log-probability is %.1f nats per "
                "token over the first %s tokens; a uniform guess among the student's %s tokens has %.1f. So "
                "the scores do not show which responses suit it: use a student that was trained on such "
                "text.",
                student,
                self._nats / self._num_tokens,
                f"{self._num_tokens:,}",
                f"{vocabulary:,}",
                guess,
            )

    def _tell(self, kind: str, words: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            logger.warning(
                "%s This message appears once; later rows of this kind are treated the same way.", words
            )


def count_doubts(rows: Iterable[PlannedRow | str]) -> Mapping[str, int]:
    """Number of rows by kind of doubt, of the kinds that are warned of."""
    planned = (row for row in rows if isinstance(row, PlannedRow))
    return Counter(doubt for row in planned for doubt in row.encoded.doubts if is_warned_of(doubt))


def _first(kind: str, rows: Iterable[PlannedRow | str]) -> str:
    """The end of the first prompt of a kind. Scorers do not know the number of a row."""
    first = next(row for row in rows if isinstance(row, PlannedRow) and kind in row.encoded.doubts)
    asked = str(as_messages(first.example.prompt or "")[-1].get("content") or "")
    return f"The first of these prompts ends with {asked.strip()[-60:]!r}."
