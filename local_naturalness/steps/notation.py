"""What encloses text that no step boundary may cut: pairs of delimiters and their limits."""

import re
import sys
from enum import IntEnum
from typing import NamedTuple


class Kind(IntEnum):
    """What an enclosed region is to the sentences around it."""

    INLINE = 1
    DISPLAY = 2
    CODE = 3
    TABLE = 4
    OPENING_TAG = 5
    CLOSING_TAG = 6


class Pair(NamedTuple):
    """Delimiters that belong together; ``closing`` tells one pair from another."""

    closing: str
    kind: Kind
    never_holds: re.Pattern[str]
    max_length: int = sys.maxsize

    def may_enclose(self, text: str, start: int, end: int) -> bool:
        """Tell whether the delimiters at the ends of ``[start, end)`` can belong together."""
        return end - start <= self.max_length and not self.never_holds.search(text, start, end)


class Delimiter(NamedTuple):
    """A piece of text that opens a pair, closes one, or can do either."""

    start: int
    end: int
    opens: Pair | None
    closes: Pair | None


class Region(NamedTuple):
    """A stretch of text that no step boundary may cut."""

    start: int
    end: int
    kind: Kind


# In characters, far above what is written on purpose: they bound the harm of an unclosed delimiter.
MAX_INLINE, MAX_QUOTATION, MAX_DISPLAY = 1_000, 200, 5_000

LINE_END = re.compile(r"\n")
PARAGRAPH_END = re.compile(r"\n[^\S\n]*+(?:\n|```|~~~)")
BLOCK_END = re.compile(r"\n[^\S\n]*+(?:```|~~~)")
NOTHING = re.compile(r"(?!)")

TIGHT_DOLLARS = Pair("$", Kind.INLINE, PARAGRAPH_END, MAX_INLINE)
PADDED_DOLLARS = Pair("$ ", Kind.INLINE, LINE_END, MAX_INLINE)
DISPLAY_DOLLARS = Pair("$$", Kind.DISPLAY, PARAGRAPH_END, MAX_DISPLAY)
STRAIGHT_QUOTES = Pair('"', Kind.INLINE, LINE_END, MAX_QUOTATION)

_PAIRS = {
    r"\(": Pair(r"\)", Kind.INLINE, PARAGRAPH_END, MAX_INLINE),
    r"\[": Pair(r"\]", Kind.DISPLAY, BLOCK_END, MAX_DISPLAY),
    "“": Pair("”", Kind.INLINE, LINE_END, MAX_QUOTATION),
    "«": Pair("»", Kind.INLINE, LINE_END, MAX_QUOTATION),
    "「": Pair("」", Kind.INLINE, LINE_END, MAX_QUOTATION),
    "『": Pair("』", Kind.INLINE, LINE_END, MAX_QUOTATION),
}
# What each bracket opens and closes.
BRACKETS = {opening: (pair, None) for opening, pair in _PAIRS.items()} | {
    pair.closing: (None, pair) for pair in _PAIRS.values()
}

# Environments of sentences; all others are equations, figures, tables or code.
PROSE_ENVIRONMENTS = frozenset(
    "abstract center corollary definition description document enumerate example itemize lemma "
    "proof proposition quotation quote remark solution theorem".split()
)


def environment(name: str) -> Pair:
    return Pair(name, Kind.DISPLAY, BLOCK_END, MAX_DISPLAY)


def inline_code(backticks: str) -> Pair:
    return Pair(backticks, Kind.INLINE, LINE_END, MAX_INLINE)


def code_block(fence: str) -> Pair:
    """The name differs from that of inline code between the same backticks."""
    return Pair("\n" + fence, Kind.CODE, NOTHING)
