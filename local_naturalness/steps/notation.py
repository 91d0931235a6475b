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
    """Delimiters that belong together; ``name`` tells one pair from another."""

    name: str
    kind: Kind
    never_holds: re.Pattern[str]
    max_length: int = sys.maxsize

    def may_enclose(self, text: str, start: int, end: int) -> bool:
        """Tell whether the delimiters at the ends of ``[start, end)`` can belong together."""
        return end - start <= self.max_length and not self.never_holds.search(text, start, end)


class Delimiter(NamedTuple):
    """A piece of text that opens a pair, closes one, or can do either.

    ``closes`` holds the names of all pairs that it may close: ``“`` closes ``„``, as ``”`` does.
    """

    start: int
    end: int
    opens: Pair | None = None
    closes: tuple[str, ...] = ()


class Fence(NamedTuple):
    """A run of backticks or tildes that opens or closes a code block, or can do either."""

    start: int
    end: int
    mark: str
    closes: bool


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

# A blank line in display mathematics is a slip that renders all the same. What shows, after it, that
# the delimiter before it was left open: a heading, a list, words, Chinese or Japanese, a dollar.
PROSE_AFTER_BLANK = re.compile(
    r"""\n [^\S\n]*+ (?: ``` | ~~~ | \n \s*+ (?:
          [\#] | \*\* | \d{1,3}[.)]\s | [\u3040-\u30ff\u4e00-\u9fff]
        | (?: [^\W\d_]{3}[^\W\d_]*+ | [A-Z][a-z] ) [,:.]?+ \s
        | [^\W\d_]++ ,?+ [ ] (?: [^\W\d_]{2} | \$\$ )
        | [^\n$]*+ (?<!\\) \$ (?!\$) ) )""",
    re.VERBOSE,
)

TIGHT_DOLLARS = Pair("$", Kind.INLINE, PARAGRAPH_END, MAX_INLINE)
PADDED_DOLLARS = Pair("$ ", Kind.INLINE, LINE_END, MAX_INLINE)
DISPLAY_DOLLARS = Pair("$$", Kind.DISPLAY, PROSE_AFTER_BLANK, MAX_DISPLAY)

# What each bracket opens and which pairs it closes, whatever stands beside it.
BRACKETS: dict[str, tuple[Pair | None, tuple[str, ...]]] = {
    r"\(": (Pair(r"\(", Kind.INLINE, PARAGRAPH_END, MAX_INLINE), ()),
    r"\)": (None, (r"\(",)),
    r"\[": (Pair(r"\[", Kind.DISPLAY, BLOCK_END, MAX_DISPLAY), ()),
    r"\]": (None, (r"\[",)),
    "<!--": (Pair("<!--", Kind.INLINE, BLOCK_END, MAX_DISPLAY), ()),
    "-->": (None, ("<!--",)),
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


def element(name: str) -> Pair:
    """An HTML element whose content is no prose."""
    kind = Kind.TABLE if name == "table" else Kind.INLINE
    return Pair(f"<{name}>", kind, BLOCK_END, MAX_DISPLAY)
