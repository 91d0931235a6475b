"""The rule for where a boundary stands: before horizontal white space, after newlines."""

import re
from collections.abc import Iterable

Span = tuple[int, int]

# What `str.splitlines` ends a line at, and the rest of what `str.isspace` accepts.
NEWLINES = "\n\r\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
HORIZONTAL_SPACE = (
    "\t\x1f \xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
)

WHITE_SPACE = re.compile(r"\s*")


def skip_space(text: str, position: int) -> int:
    """Return the first position at or after ``position`` that holds no white space."""
    return WHITE_SPACE.match(text, position).end()


def tile(text: str, boundaries: Iterable[int]) -> list[Span]:
    """Return the spans between ``boundaries`` (ascending), moved to where a boundary may stand.

    Within a run of white space that is after its last newline, or at its start if it holds none.
    Boundaries in the leading or trailing white space of ``text`` are ignored, so that every span
    holds something else than white space, unless ``text`` itself does not.
    """
    if not text:
        return []
    starts = [0]
    settled = skip_space(text, 0)
    for boundary in boundaries:
        if boundary <= settled:
            continue
        run_start = settled + len(text[settled:boundary].rstrip())
        run_end = skip_space(text, boundary)
        if run_end == len(text):
            break
        run = text[run_start:run_end]
        starts.append(run_start + len(run.rstrip(HORIZONTAL_SPACE)))
        settled = run_end
    return list(zip(starts, [*starts[1:], len(text)], strict=True))
