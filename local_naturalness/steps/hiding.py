"""Hides protected regions, so that boundaries are only found in the rest of the text."""

from collections.abc import Iterable

from local_naturalness.steps.notation import Kind, Region
from local_naturalness.steps.quotations import CLOSING_QUOTES

# What stands for a character of a hidden region: no white space, letter, digit or punctuation.
FILLERS = {kind: chr(0x10 + kind) for kind in Kind}
SENTENCE_MARKS = ".!?…。！？｡؟۔।॥։።"


def hide(text: str, regions: Iterable[Region]) -> str:
    """Fill every region with a character of its kind; the text keeps its length.

    A full stop, question or exclamation mark that ends the content of an inline region stays as the
    last character, so that ``"Why?"`` and ``$x = 1.$`` still end a sentence.
    """
    pieces: list[str] = []
    position = 0
    for start, end, kind in regions:
        mark = _last_mark(text, start, end) if kind is Kind.INLINE else ""
        pieces += text[position:start], FILLERS[kind] * (end - start - len(mark)), mark
        position = end
    return "".join(pieces) + text[position:]


def _last_mark(text: str, start: int, end: int) -> str:
    content = text[start:end].rstrip(CLOSING_QUOTES + "$`)\\ ")
    return content[-1] if content and content[-1] in SENTENCE_MARKS else ""
