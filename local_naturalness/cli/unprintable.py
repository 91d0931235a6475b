"""Text that standard output cannot encode, as with `LC_ALL=C` or an old code page of Windows."""

import io
import sys


def escape_unprintable() -> None:
    """Print escapes instead of characters that standard output cannot encode. Python would raise an error."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")


def is_printable(text: str) -> bool:
    """Whether standard output can encode a text.

    >>> is_printable("teacher")
    True
    """
    try:
        text.encode(sys.stdout.encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True
