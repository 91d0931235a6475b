"""Text in brackets, in which no sentence ends: an aside belongs to the sentence around it."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator

from local_naturalness.steps.notation import MAX_QUOTATION

# All of Unicode's pairs of brackets, vertical and ornamental ones too.
PAIRS = (
    "()[]{}༺༻༼༽᚛᚜⁅⁆⁽⁾₍₎⌈⌉⌊⌋\u2329\u232a❨❩❪❫❬❭❮❯❰❱❲❳❴❵⟅⟆⟦⟧⟨⟩⟪⟫⟬⟭⟮⟯⦃⦄⦅⦆⦇⦈⦉⦊⦋⦌⦍⦐⦏⦎⦑⦒⦓⦔⦕⦖⦗⦘⧘⧙⧚⧛⧼⧽⸂⸃⸄⸅⸉⸊⸌⸍"
    "⸜⸝⸠⸡⸢⸣⸤⸥⸦⸧⸨⸩⹕⹖⹗⹘⹙⹚⹛⹜〈〉《》【】〔〕〖〗〘〙〚〛﴾﴿︗︘︵︶︷︸︹︺︻︼︽︾︿﹀﹇﹈﹙﹚﹛﹜﹝﹞（）［］｛｝｟｠"
)
OPENING, CLOSING = PAIRS[::2], PAIRS[1::2]
_OPENING_OF = dict(zip(CLOSING, OPENING, strict=True))
_BRACKET_OR_LINE_END = re.compile(f"[{re.escape(PAIRS)}\n]")


def outside_brackets(prose: str, boundaries: Iterable[int]) -> Iterator[int]:
    """Yield the boundaries that stand in no pair of brackets of one line, up to the length of a
    quotation. A bracket without its partner, as in ``b)`` or ``[0, 1)``, is passed over.
    """
    spans = _enclosed(prose)
    starts = [start for start, _ in spans]
    for boundary in boundaries:
        start, end = spans[bisect(starts, boundary - 1) - 1] if spans else (0, 0)
        if not start < boundary < end:
            yield boundary


def _enclosed(prose: str) -> list[tuple[int, int]]:
    """Return the spans of text in brackets: in order, outermost only."""
    spans: list[tuple[int, int]] = []
    open_brackets: list[tuple[str, int]] = []
    for match in _BRACKET_OR_LINE_END.finditer(prose):
        mark, position = match.group(), match.start()
        if mark == "\n":
            open_brackets.clear()
        elif mark not in _OPENING_OF:
            open_brackets.append((mark, position))
        elif open_brackets and open_brackets[-1][0] == _OPENING_OF[mark]:
            start = open_brackets.pop()[1]
            if position - start < MAX_QUOTATION:
                while spans and spans[-1][0] > start:
                    spans.pop()
                spans.append((start, position + 1))
    return spans
