"""What the reader of scores should know about rows that have one, said once."""

import logging
import re
from collections import Counter
from collections.abc import Iterable, Mapping

from local_naturalness.counted import counted
from local_naturalness.encoding.encoder import (
    FOLLOWS_ASSISTANT,
    GOES_ON,
    REASONING_JOINED,
    REASONING_LEFT_OPEN,
    REASONING_SWITCHED_OFF,
)
from local_naturalness.encoding.tokenization import as_messages
from local_naturalness.scorers.planned import PlannedRow

logger = logging.getLogger(__name__)

# Variables by which templates switch reasoning on and off.
_SWITCHES = ("enable_thinking", "thinking")


class Doubts:
    """Tell what is doubtful about rows, each kind once.

    Args:
        template: source of the student's chat template.
    """

    def __init__(self, template: str) -> None:
        self._template = template
        self._told: set[str] = set()

    def tell(self, rows: Iterable[PlannedRow | str], refusal: str | None) -> None:
        """Log what a batch gives rise to.

        Args:
            rows: planned rows, or the status of those that cannot be scored.
            refusal: what the chat template said of the first row that it refused.
        """
        rows = list(rows)
        for kind, count in count_doubts(rows).items():
            where = f"In {count:,} of {counted(len(rows), 'row')}"
            self._tell(kind, f"{in_words(kind, where, self._template)} {_first(kind, rows)}")
        refused = rows.count("template_refused")
        if refusal:
            self._tell("template_refused", f"Not scored, {refused} of {counted(len(rows), 'row')}: {refusal}")

    def _tell(self, kind: str, words: str) -> None:
        if kind not in self._told:
            self._told.add(kind)
            logger.warning(
                "%s This message appears once; later rows of this kind are treated the same way.", words
            )


def count_doubts(rows: Iterable[PlannedRow | str]) -> Mapping[str, int]:
    """Number of rows by kind of doubt."""
    return Counter(doubt for row in rows if isinstance(row, PlannedRow) for doubt in row.encoded.doubts)


def _first(kind: str, rows: Iterable[PlannedRow | str]) -> str:
    """Which row is the first of a kind: scorers do not know its number."""
    first = next(row for row in rows if isinstance(row, PlannedRow) and kind in row.encoded.doubts)
    asked = str(as_messages(first.example.prompt or "")[-1].get("content") or "")
    return f"The first of these prompts ends with {asked.strip()[-60:]!r}."


def in_words(kind: str, where: str, template: str) -> str:
    """A sentence on a kind of doubt, with the remedy.

    Args:
        kind: one of those of the encoder, such as `REASONING_SWITCHED_OFF`.
        where: such as `"In 3 of 64 rows"`.
        template: source of the student's chat template.
    """
    if kind == REASONING_JOINED:
        return (
            f"{where} reasoning stands beside the content, and the student's chat template does not write "
            "it: it is scored before the content, between the tags of the student's family. Train on that "
            "text, which `show` prints."
        )
    if kind == REASONING_SWITCHED_OFF:
        return (
            f"{where} the response carries reasoning, but the prompt ends in a closed, empty block of it: "
            "the chat template has thinking switched off, and the reasoning is scored behind it. If the "
            f"student is to learn to reason, {_switch(template, 'true')}, and train with the same."
        )
    if kind == GOES_ON:
        return (
            f"{where} the conversation goes on after the last turn of the assistant: what follows that turn "
            "is neither scored nor written for trainers."
        )
    if kind == FOLLOWS_ASSISTANT:
        return (
            f"{where} two turns of the assistant follow each other: the last is scored, and the one before "
            "it is taken for part of the prompt. If they are one answer, join them into one message; to "
            'score every turn, pass `messages_column` and `splitter="turn"`.'
        )
    assert kind == REASONING_LEFT_OPEN, kind
    return (
        f"{where} the response does not close the block of reasoning that the prompt opens. If the student "
        f"is to learn to answer without reasoning, {_switch(template, 'false')}, and train with the same."
    )


def _switch(template: str, value: str) -> str:
    name = next((name for name in _SWITCHES if _reads(template, name)), None)
    if name is None:
        return "look for a switch in the template and pass it as `chat_template_kwargs`"
    return f'pass `chat_template_kwargs={{"{name}": {value}}}`'


def _reads(template: str, name: str) -> bool:
    return re.search(rf"(?<![\w.'\"]){name}(?![\w'\"])", template) is not None
