"""Steps that are sentences, in the way reasoning traces write them."""

import re
from collections.abc import Iterator

from local_naturalness.steps.abbreviations import is_abbreviation
from local_naturalness.steps.brackets import CLOSING, outside_brackets
from local_naturalness.steps.code import long_code_boundaries
from local_naturalness.steps.hiding import FILLERS, SENTENCE_MARKS, hide
from local_naturalness.steps.notation import Kind, Region
from local_naturalness.steps.paragraphs import LINE_BREAK
from local_naturalness.steps.protected_regions import find_regions
from local_naturalness.steps.quotations import CLOSING_QUOTES
from local_naturalness.steps.short_pieces import join_short
from local_naturalness.steps.tiling import HORIZONTAL_SPACE, Span, spans_between, starts_at

CLOSERS = "*_" + CLOSING_QUOTES + CLOSING
DISPLAY, CODE, TABLE = FILLERS[Kind.DISPLAY], FILLERS[Kind.CODE], FILLERS[Kind.TABLE]
OPENING_TAG, CLOSING_TAG = FILLERS[Kind.OPENING_TAG], FILLERS[Kind.CLOSING_TAG]
OPENING_STEPS, CLOSING_STEPS = (Kind.CODE, Kind.OPENING_TAG), (Kind.CODE, Kind.CLOSING_TAG)

# The look-behind admits only the first mark of a run; trying each would take quadratic time.
SENTENCE_END = re.compile(
    rf"(?P<mark>[{SENTENCE_MARKS}](?<![{SENTENCE_MARKS}]{{2}})[{SENTENCE_MARKS}]*+)[{re.escape(CLOSERS)}]*+"
    rf"(?=[{HORIZONTAL_SPACE}]++(?P<next>\S))"
)
# Chinese and Japanese put no space between sentences.
UNSPACED_MARKS = "。！？｡"
UNSPACED_END = re.compile(
    rf"[{UNSPACED_MARKS}](?<![{UNSPACED_MARKS}]{{2}})[{SENTENCE_MARKS}]*+[{re.escape(CLOSERS)}]*+(?!\s*+{CLOSING_TAG})"
)

FACTORIAL = re.compile(r"(?:\d|\)|\b\w)\Z")

# What may stand between the end of a sentence and that of its line.
LONGEST_TAIL = 8
COMPLETE = {*SENTENCE_MARKS, DISPLAY, CODE, TABLE}

# What a sentence does not begin with.
CONTINUATION = ",;:=)]}%&+×·/^|…–—<>≤≥≠" + CLOSING_TAG


def sentence_spans(text: str) -> list[Span]:
    """Tile the text by its sentences, lines, code blocks and tables."""
    if not text:
        return []
    regions = find_regions(text)
    prose = hide(text, regions)
    boundaries = [
        *long_code_boundaries(text, regions),
        *_region_edges(regions),
        *_line_ends(prose),
        *outside_brackets(prose, [*_sentence_ends(prose), *_unspaced_ends(prose)]),
    ]
    starts = join_short(prose, starts_at(text, sorted(boundaries)))
    return spans_between(starts, len(text))


def _region_edges(regions: list[Region]) -> Iterator[int]:
    for start, end, kind in regions:
        if kind in OPENING_STEPS:
            yield start
        if kind in CLOSING_STEPS:
            yield end


def _sentence_ends(prose: str) -> Iterator[int]:
    for match in SENTENCE_END.finditer(prose):
        mark, following = match.group("mark", "next")
        if following.islower() or following in CONTINUATION:
            continue
        if mark == "." and is_abbreviation(prose, match.start(), following):
            continue
        if mark[0] == "!" and not following.isupper() and _may_be_factorial(prose, match.start()):
            continue
        if mark in ("...", "…") and not following.isalpha():
            continue
        yield match.end()


def _unspaced_ends(prose: str) -> Iterator[int]:
    # Looking for single characters takes a tenth of the time of the expression.
    if any(mark in prose for mark in UNSPACED_MARKS):
        for match in UNSPACED_END.finditer(prose):
            yield match.end()


def _may_be_factorial(prose: str, position: int) -> bool:
    return FACTORIAL.search(prose, max(0, position - 2), position) is not None


def _line_ends(prose: str) -> Iterator[int]:
    """Yield the ends of lines, but leave display equations and closing tags with their sentence."""
    for match in LINE_BREAK.finditer(prose):
        start, end = match.span()
        before = prose[start - 1 : start]
        if before.isspace():
            before = prose[max(0, start - LONGEST_TAIL) : start].rstrip()[-1:]
        following = prose[end : end + 1]
        if following == CLOSING_TAG or before == OPENING_TAG:
            continue
        if following == DISPLAY and not _is_complete(prose, start):
            continue
        if before == DISPLAY and (following.islower() or following in CONTINUATION):
            continue
        yield end


def _is_complete(prose: str, end: int) -> bool:
    """Tell whether the text up to ``end`` needs no display equation to end its sentence."""
    tail = prose[max(0, end - LONGEST_TAIL) : end].rstrip(CLOSERS + HORIZONTAL_SPACE)
    return tail[-1:] in COMPLETE
