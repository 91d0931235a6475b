"""The rule for where a boundary stands: before horizontal white space, after newlines."""

import re
from collections.abc import Iterable
from itertools import pairwise

Span = tuple[int, int]

# What `str.splitlines` ends a line at, and the rest of what `str.isspace` accepts.
NEWLINES = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
HORIZONTAL_SPACE = (
    "\t\x1f \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)

WHITE_SPACE = re.compile(r"\s*")


def skip_space(text: str, position: int) -> int:
    """Return the first position at or after ``position`` that holds no white space."""
    return WHITE_SPACE.match(text, position).end()  # type: ignore[union-attr] # matches nothing, too


def tile(text: str, boundaries: Iterable[int]) -> list[Span]:
    """Return the spans between ``boundaries`` (ascending), moved to where a boundary may stand."""
    return spans_between(starts_at(text, boundaries), len(text))


def starts_at(text: str, boundaries: Iterable[int]) -> list[int]:
    """Return where the spans between ``boundaries`` (ascending) start.

    A boundary is moved to where one may stand: within a run of white space that is after its last
    newline, or at its start if it holds none. Boundaries in the leading or trailing white space of
    ``text`` are ignored, so that every span holds something else than white space, unless ``text``
    itself does not.
    """
    if not text:
        return []
    starts = [0]
    settled = skip_space(text, 0)
    end = len(text.rstrip())
    for boundary in boundaries:
        if boundary <= settled:
            continue
        if boundary >= end:
            break
        before = text[boundary - 1]
        if before in NEWLINES and not text[boundary].isspace():
            start = settled = boundary
        else:
            run_start = boundary
            if before.isspace():
                run_start = settled + len(text[settled:boundary].rstrip())
            settled = skip_space(text, boundary)
            start = run_start + len(text[run_start:settled].rstrip(HORIZONTAL_SPACE))
        starts.append(start)
    return starts


def spans_between(starts: list[int], length: int) -> list[Span]:
    """Return ``[start, end)`` pairs that tile a text of this length."""
    return list(pairwise([*starts, length]))
