"""Read the delimiters of LaTeX, code, quotations and tables, in the order they stand in."""

import re
from collections.abc import Callable, Iterator

from local_naturalness.steps.notation import (
    BRACKETS,
    DISPLAY_DOLLARS,
    MAX_INLINE,
    PADDED_DOLLARS,
    PROSE_ENVIRONMENTS,
    STRAIGHT_QUOTES,
    TIGHT_DOLLARS,
    Delimiter,
    Kind,
    Region,
    code_block,
    environment,
    inline_code,
)

# Every alternative begins with a plain character, which lets `re` rush through text without them,
# and no quantifier can give back what it took, which keeps the time linear. A formula that holds no
# other delimiter is read at once, so that no partner need be looked for: most are such formulas.
DELIMITER = re.compile(
    r"""
      \\ (?: (?P<formula> \( PLAIN*+ (?: \\ (?! begin | end | [()\[\]] ) PLAIN++ )*+ \\\) )
             | (?P<edge> begin|end ) \{ (?P<environment> [A-Za-z]{1,30}+ \*?+ ) \} | [()\[\]\\$`"] )
    | \$\$*+
    | ```[^`\n]++```(?!`)
    | ```++ (?P<language> [\w+\#.-]*+ ) [^\S\n]*+ (?=\n|\Z)
    | ``*+
    | <(?: <[^<>\n]{1,200}+>>
         | \|\w{1,40}+\|>
         | /?(?: answer | output | reasoning | reflection | scratchpad | solution
               | think | thinking | thought | tool_call | tool_response )> )
    | \n (?: [^\S\n]|> )*+ (?:
          (?P<fence> ```++ | ~~~++ ) (?P<info> [^`\n]*+ ) (?=\n|\Z)
        | (?P<table> \|[^\n]*+ \n[^\S\n]*+ \|[^\S\n]*+:?-[-:|\ \t]*+ (?=\n|\Z)
                     (?: \n[^\S\n]*+ \|[^\n]*+ )*+ ) )
    | \" | “ | ” | « | » | 「 | 」 | 『 | 』
    """.replace("PLAIN", r"""[^\\$`<\n"“”«»「」『』]"""),
    re.VERBOSE,
)
CLOSING_SPECIAL_TOKEN = re.compile(r"(?:^|[|_])(?:end|eo[tsm])")


def read_delimiters(text: str) -> Iterator[Delimiter | Region]:
    """Yield delimiters, and regions that are recognised as a whole, in order.

    ``text`` must begin with a newline, so that each of its lines follows one.
    """
    for match in DELIMITER.finditer(text):
        mark = match.group()
        if mark in BRACKETS:
            yield Delimiter(*match.span(), *BRACKETS[mark])
        elif match.lastgroup == "formula":
            if len(mark) <= MAX_INLINE:
                yield Region(*match.span(), Kind.INLINE)
        elif item := READERS[mark[0]](match):
            yield item


def _line_start(match: re.Match[str]) -> Delimiter | Region:
    if match["fence"]:
        return _fence(match.start("fence"), match.end(), match["fence"], match["info"])
    return Region(*match.span("table"), Kind.TABLE)


def _backticks(match: re.Match[str]) -> Delimiter | Region:
    mark = match.group()
    if match["language"] is not None:
        return _fence(*match.span(), mark[: len(mark) - len(mark.lstrip("`"))], match["language"])
    if mark.strip("`"):
        return Region(*match.span(), Kind.INLINE)
    code = inline_code(mark)
    return Delimiter(*match.span(), code, code)


def _fence(start: int, end: int, mark: str, info: str) -> Delimiter:
    block = code_block(mark)
    return Delimiter(start, end, block, None if info.strip() else block)


def _latex(match: re.Match[str]) -> Delimiter | Region | None:
    name, begins = match["environment"], match["edge"] == "begin"
    if not name:
        return None
    if name in PROSE_ENVIRONMENTS:
        return Region(*match.span(), Kind.OPENING_TAG if begins else Kind.CLOSING_TAG)
    pair = environment(name)
    return Delimiter(*match.span(), pair if begins else None, None if begins else pair)


def _dollars(match: re.Match[str]) -> Delimiter | None:
    """Tell mathematics from money: what stands before and after a dollar says what it can be."""
    if match.group() == "$$":
        return Delimiter(*match.span(), DISPLAY_DOLLARS, DISPLAY_DOLLARS)
    if match.group() != "$":
        return None
    before, after = _neighbours(match)
    opens = closes = None
    if after.isspace():
        opens = None if before.isalnum() else PADDED_DOLLARS
    elif after not in ".,;:!?)]}":
        opens = TIGHT_DOLLARS
    if before.isspace():
        closes = None if after.isalnum() else PADDED_DOLLARS
    elif before not in "([{" and not after.isdigit():
        closes = TIGHT_DOLLARS
    return Delimiter(*match.span(), opens, closes)


def _straight_quote(match: re.Match[str]) -> Delimiter:
    """Tell quotations from inches, and opening from closing marks, by what stands beside them."""
    before, after = _neighbours(match)
    opens = not after.isspace() and (before.isspace() or before in "([{*_—–-:=,")
    closes = not before.isspace() and not after.isalnum()
    return Delimiter(
        *match.span(),
        STRAIGHT_QUOTES if opens else None,
        STRAIGHT_QUOTES if closes else None,
    )


def _angle_bracket(match: re.Match[str]) -> Region:
    mark = match.group()
    if mark.startswith("<<"):
        return Region(*match.span(), Kind.INLINE)
    closing = mark[1] == "/" or CLOSING_SPECIAL_TOKEN.search(mark)
    return Region(*match.span(), Kind.CLOSING_TAG if closing else Kind.OPENING_TAG)


def _neighbours(match: re.Match[str]) -> tuple[str, str]:
    text = match.string
    return text[match.start() - 1], text[match.end() : match.end() + 1] or "\n"


READERS: dict[str, Callable[[re.Match[str]], Delimiter | Region | None]] = {
    "\\": _latex,
    "$": _dollars,
    "`": _backticks,
    "<": _angle_bracket,
    "\n": _line_start,
    '"': _straight_quote,
}
