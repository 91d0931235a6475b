"""Warnings about rows whose scores may be doubtful, each kind logged once."""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping

from local_naturalness.counted import counted
from local_naturalness.encoding.messages import as_messages
from local_naturalness.encoding.row_doubts import in_words, is_warned_of
from local_naturalness.scorers.planned_row import PlannedRow

logger = logging.getLogger(__name__)


class Doubts:
    """Log doubts about rows, each kind once.

    Args:
        template: source of the student's chat template.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._told: set[str] = set()

    def tell(self, rows: Iterable[PlannedRow | str], refusal: str | None) -> None:
        """Log the doubts about a batch.

        Args:
            rows: planned rows, or the status of those that cannot be scored.
            refusal: the error of the chat template for the first row that it refused.
        """
        rows = list(rows)
        for kind, count in count_doubts(rows).items():
            where = f"In {count:,} of {counted(len(rows), 'row')}"
            self._tell(kind, f"{in_words(kind, where, self._template)} {_first(kind, rows)}")
        refused = rows.count("template_refused")
        if refusal:
            first = ": " if refused == 1 else ". The first of them: "
            told = f"{refused:,} of {counted(len(rows), 'row')} could not be scored{first}{refusal}"
            self._tell("template_refused", told)

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
