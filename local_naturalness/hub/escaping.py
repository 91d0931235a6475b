"""Escaping of text from data for a card, so that nothing in it acts as Markdown or HTML."""

import re

from local_naturalness.hub.redaction import public_text

_ESCAPED = str.maketrans(
    {character: f"\\{character}" for character in "\\`*[]|~$"}
    | {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
)
# An underscore between letters or digits is never emphasis, and names are full of them.
_EMPHASIS = re.compile(r"(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])")


def escaped(text: object) -> str:
    """Escape `public_text` for Markdown, its tables and HTML.

    >>> print(escaped("a|b <b>c</b> [d](http://e)"))
    a\\|b &lt;b&gt;c&lt;/b&gt; \\[d\\](http:&#47;/e)
    """
    literal = _EMPHASIS.sub(r"\\_", public_text(text).translate(_ESCAPED))
    # Bare addresses would turn into links.
    return literal.replace("://", ":&#47;/").replace("www.", "www&#46;")
