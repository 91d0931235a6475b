"""Read the delimiters of LaTeX, code, quotations and HTML, in the order they stand in."""

import re
from collections.abc import Callable, Iterator

from local_naturalness.steps.notation import (
    BRACKETS,
    DISPLAY_DOLLARS,
    MAX_INLINE,
    PADDED_DOLLARS,
    PROSE_ENVIRONMENTS,
    TIGHT_DOLLARS,
    Delimiter,
    Fence,
    Kind,
    Region,
    element,
    environment,
    inline_code,
)
from local_naturalness.steps.quotations import MARKS, read_quotation_mark

# Every alternative begins with a plain character, which lets `re` rush through text without them,
# and no quantifier can give back what it took, which keeps the time linear. A formula that holds no
# other delimiter is read at once, so that no partner need be looked for: most are such formulas.
# Apostrophes within words are so frequent that they are passed over here.
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
         | !--
         | (?P<ending> /?+ ) (?P<element> code | math | pre | script | style | table | textarea )
           (?: \s [^<>\n]{0,200}+ )?+ >
         | /?(?: answer | output | reasoning | reflection | scratchpad | solution
               | think | thinking | thought | tool_call | tool_response )> )
    | -->
    | \n (?: [^\S\n]|> )*+ (?: (?P<fence> ```++ ) (?P<info> [^`\n]*+ ) (?=\n|\Z)
                             | (?P<tildes> ~~~++ ) (?P<tilde_info> [^\n]*+ ) )
    | ''(?!')
    | ['’] (?: (?<! \w['’] ) | (?!\w) )
    | [QUOTES]
    """.replace("PLAIN", r"""[^\\$`<\n"“”«»「」『』]""").replace("QUOTES", "".join(set(MARKS) - {*"'’"})),
    re.VERBOSE,
)
CLOSING_SPECIAL_TOKEN = re.compile(r"(?:^|[|_])(?:end|eo[tsm])")


def read_delimiters(text: str) -> Iterator[Delimiter | Fence | Region]:
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


def _line_start(match: re.Match[str]) -> Fence:
    name, info = ("fence", "info") if match["fence"] else ("tildes", "tilde_info")
    return Fence(match.start(name), match.end(), match[name], closes=not match[info].strip())


def _backticks(match: re.Match[str]) -> Delimiter | Fence | Region:
    mark = match.group()
    if match["language"] is not None:
        ticks = mark[: len(mark) - len(mark.lstrip("`"))]
        return Fence(*match.span(), ticks, closes=not match["language"])
    if mark.strip("`"):
        return Region(*match.span(), Kind.INLINE)
    code = inline_code(mark)
    return Delimiter(*match.span(), code, (code.name,))


def _latex(match: re.Match[str]) -> Delimiter | Region | None:
    name, begins = match["environment"], match["edge"] == "begin"
    if not name:
        return None
    if name in PROSE_ENVIRONMENTS:
        return Region(*match.span(), Kind.OPENING_TAG if begins else Kind.CLOSING_TAG)
    pair = environment(name)
    return Delimiter(*match.span(), pair) if begins else Delimiter(*match.span(), None, (pair.name,))


def _dollars(match: re.Match[str]) -> Delimiter | None:
    """Tell mathematics from money: what stands before and after a dollar says what it can be."""
    if match.group() == "$$":
        return Delimiter(*match.span(), DISPLAY_DOLLARS, (DISPLAY_DOLLARS.name,))
    if match.group() != "$":
        return None
    text = match.string
    before, after = text[match.start() - 1], text[match.end() : match.end() + 1] or "\n"
    opens = closes = None
    if after.isspace():
        opens = None if before.isalnum() else PADDED_DOLLARS
    elif after not in ".,;:!?)]}":
        opens = TIGHT_DOLLARS
    if before.isspace():
        closes = None if after.isalnum() else PADDED_DOLLARS
    elif before not in "([{" and not after.isdigit():
        closes = TIGHT_DOLLARS
    return Delimiter(*match.span(), opens, (closes.name,) if closes else ())


def _quotation(match: re.Match[str]) -> Delimiter:
    if match.group() == "''":  # as in LaTeX: ``so''
        return Delimiter(*match.span(), None, ("``",))
    return read_quotation_mark(match)


def _angle_bracket(match: re.Match[str]) -> Delimiter | Region:
    mark = match.group()
    if name := match["element"]:
        pair = element(name)
        return (
            Delimiter(*match.span(), None, (pair.name,))
            if match["ending"]
            else Delimiter(*match.span(), pair)
        )
    if mark.startswith("<<"):
        return Region(*match.span(), Kind.INLINE)
    closing = mark[1] == "/" or CLOSING_SPECIAL_TOKEN.search(mark)
    return Region(*match.span(), Kind.CLOSING_TAG if closing else Kind.OPENING_TAG)


READERS: dict[str, Callable[[re.Match[str]], Delimiter | Fence | Region | None]] = {
    "\\": _latex,
    "$": _dollars,
    "`": _backticks,
    "<": _angle_bracket,
    "\n": _line_start,
    **dict.fromkeys(MARKS, _quotation),
}
