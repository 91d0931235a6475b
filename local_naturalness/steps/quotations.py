"""Quotation marks of many scripts: what opens, what closes, and what goes with what.

One mark opens in one language and closes in another: ``“so”`` but ``„so“``, ``«so»`` but ``»so«``,
``”so”`` in Swedish. What stands beside a mark then tells what it can be, as it does for straight
quotes and apostrophes. Marks that are used in one way only need no such hint, and get none: French
writes spaces inside of a quotation. Chinese and Japanese write none around it.
"""

import re

from local_naturalness.steps.notation import LINE_END, MAX_QUOTATION, Delimiter, Kind, Pair

# Opening mark -> marks that close it, wherever they stand.
ANYWHERE = {
    "“": "”",
    "«": "»",
    "‹": "›",
    "「": "」",
    "『": "』",
    "｢": "｣",
    "〝": "〞〟",
    "﹁": "﹂",
    "﹃": "﹄",
}
# The same, where white space or punctuation beside the marks says so.
BY_NEIGHBOURS = {
    '"': '"',
    "'": "'",
    "＂": "＂",
    "‘": "’",
    "’": "’",
    "‛": "’",
    "‚": "‘’‛'",
    "”": "”",
    "‟": "”",
    "„": '“”‟"',
    "⹂": "“”‟",
    "»": "«»",
    "›": "‹›",
}
OPENING_QUOTES = "".join({**ANYWHERE, **BY_NEIGHBOURS})
CLOSING_QUOTES = "".join(sorted({*"".join([*ANYWHERE.values(), *BY_NEIGHBOURS.values()])}))
MARKS = "".join(sorted({*OPENING_QUOTES, *CLOSING_QUOTES}))

# What a quotation may follow without a space.
BEFORE_OPENING = "([{*_—–-:=," + OPENING_QUOTES
# From here on, characters are Chinese, Japanese or Korean, or as wide as these.
FIRST_WIDE = "\u2e80"


def _pairs(closers: dict[str, str], prefix: str) -> dict[str, Pair]:
    return {mark: Pair(prefix + mark, Kind.INLINE, LINE_END, MAX_QUOTATION) for mark in closers}


def _closed_by(closers: dict[str, str], pairs: dict[str, Pair]) -> dict[str, tuple[str, ...]]:
    return {mark: tuple(pairs[o].name for o, ends in closers.items() if mark in ends) for mark in MARKS}


_OPENS_ANYWHERE = _pairs(ANYWHERE, "")
_OPENS_BESIDE = _pairs(BY_NEIGHBOURS, "beside ")
_CLOSES_ANYWHERE = _closed_by(ANYWHERE, _OPENS_ANYWHERE)
_CLOSES_BESIDE = _closed_by(BY_NEIGHBOURS, _OPENS_BESIDE)


def read_quotation_mark(match: re.Match[str]) -> Delimiter:
    """Tell what the mark may open and close; inches and apostrophes do neither.

    The text must not begin with the mark.
    """
    mark, (start, end) = match.group(), match.span()
    before, after = match.string[start - 1], match.string[end : end + 1] or "\n"
    opens = _OPENS_ANYWHERE.get(mark)
    if not after.isspace() and (before.isspace() or before in BEFORE_OPENING or before >= FIRST_WIDE):
        opens = _OPENS_BESIDE.get(mark, opens)
    closes = _CLOSES_ANYWHERE[mark]
    if not before.isspace() and (after >= FIRST_WIDE or not after.isalnum()):
        closes += _CLOSES_BESIDE[mark]
    return Delimiter(start, end, opens, closes)
