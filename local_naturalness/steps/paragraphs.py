"""Steps that are lines, and steps that are paragraphs."""

import re

from local_naturalness.steps.code import long_code_boundaries
from local_naturalness.steps.hiding import hide
from local_naturalness.steps.protected_regions import find_regions
from local_naturalness.steps.tiling import NEWLINES, Span, tile

LINE_BREAK = re.compile(rf"[{NEWLINES}]\s*+")
BLANK_LINE = re.compile(rf"(?>\r\n|[{NEWLINES}])[^\S{NEWLINES}]*+[{NEWLINES}]\s*+")


def line_spans(text: str) -> list[Span]:
    """Tile the text by its lines; protected regions are not cut."""
    return _spans_between(LINE_BREAK, text)


def paragraph_spans(text: str) -> list[Span]:
    """Tile the text by its paragraphs, which blank lines separate; protected regions are not cut."""
    return _spans_between(BLANK_LINE, text)


def blank_line_spans(text: str) -> list[Span]:
    """Tile the text at blank lines, or at line breaks if it has none; regions are not protected.

    The scripts of some papers split like this. Unlike `paragraph_spans`, it cuts equations and code.

    >>> blank_line_spans("One.\\n\\nTwo.\\nThree.")
    [(0, 6), (6, 17)]
    >>> blank_line_spans("One.\\nTwo.")
    [(0, 5), (5, 9)]
    """
    spans = tile(text, (match.end() for match in BLANK_LINE.finditer(text)))
    return spans if len(spans) > 1 else tile(text, (match.end() for match in LINE_BREAK.finditer(text)))


def _spans_between(separator: re.Pattern[str], text: str) -> list[Span]:
    regions = find_regions(text)
    separators = separator.finditer(hide(text, regions))
    return tile(text, sorted([match.end() for match in separators] + long_code_boundaries(text, regions)))
