"""Escaping of text from data for a terminal: control characters are shown, never acted on."""

import re

# Control characters, marks that change the direction of writing, other line separators, and lone surrogates.
# A terminal would obey them, show text in another order, or fail to print it.
_ACTING = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


def visible(text: str) -> str:
    r"""The text with control characters written as escapes. Tabs and newlines stay.

    >>> print(visible("\x1b[2Jteacher \u202egnp"))
    \x1b[2Jteacher \u202egnp
    """
    return _ACTING.sub(lambda match: _escape(ord(match.group())), text)


def visible_line(text: str) -> str:
    r"""The same on one line. Tabs and newlines are escaped too.

    >>> print(visible_line("a teacher\nof two lines"))
    a teacher\nof two lines
    """
    return visible(text).replace("\n", r"\n").replace("\t", r"\t")


def _escape(code: int) -> str:
    return f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}"
