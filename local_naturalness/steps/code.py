"""Where a long code block is split: at blank lines and top-level statements."""

import re
from bisect import bisect
from collections.abc import Iterable, Iterator

from local_naturalness.steps.notation import Kind, Region

# In characters. A block of this length is one step; a longer one is split into steps of at most it.
LONG_CODE = 2_000

# After a blank line, or before a line that opens something new at the outermost level, as opposed
# to `else:` or `}`.
GROUP_START = re.compile(
    r"\n(?: (?:[^\S\n]*+\n)++ | (?!(?:else|elif|except|finally|catch|end)\b) (?=[\w@\#/<]) )",
    re.VERBOSE,
)


def long_code_boundaries(text: str, regions: Iterable[Region]) -> list[int]:
    """Return the boundaries within the code blocks that are too long to be one step."""
    return [
        boundary
        for start, end, kind in regions
        if kind is Kind.CODE and end - start > LONG_CODE
        for boundary in _split_long(text, start, end)
    ]


def _split_long(text: str, start: int, end: int) -> Iterator[int]:
    """Yield boundaries between which as many whole groups of lines stand as fit.

    Where no group fits, as many lines as fit, and at least one. The lines of the fences are not
    split off.
    """
    first_line = text.find("\n", start, end) + 1
    last_line = text.rfind("\n", start, end)
    groups = [match.end() for match in GROUP_START.finditer(text, first_line, last_line)]
    while end - start > LONG_CODE:
        limit = start + LONG_CODE
        boundary = groups[bisect(groups, limit) - 1] if groups else start
        if not start < boundary <= limit:
            boundary = text.rfind("\n", max(start, first_line), min(limit, last_line)) + 1
        if boundary <= start:
            boundary = text.find("\n", limit, last_line) + 1
        if boundary <= start:
            return
        yield boundary
        start = boundary
