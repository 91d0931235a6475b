"""Join pieces that are too short to be a step: list markers, tags, interjections."""

import re
import unicodedata

from local_naturalness.steps.tiling import NEWLINES

# In columns: a Chinese, Japanese or Korean character takes two.
SHORTEST_STEP = 8
LONGEST_SHORT = 24
NAMES = "step|case|part|option|choice|method|approach|problem|question|phase|stage"
# `1.`, `(b)`, `iv)`, `**Step 3:**`; what stands around it is no word and no hidden region.
MARKER = re.compile(
    rf"[^\w\x11-\x16]*(?:(?:{NAMES})\s+)?(?:\d{{1,3}}|[a-z]|[ivx]{{1,5}})[^\w\x11-\x16]*",
    re.IGNORECASE,
)


def join_short(prose: str, starts: list[int]) -> list[int]:
    """Return the starts that are left when short pieces join.

    A short piece joins what follows it. It joins what precedes it if it closes a line that
    something else opened, and announces nothing, or if it is the last.
    """
    kept: list[int] = []
    start = 0
    for end in [*starts[1:], len(prose)]:
        if end - start <= LONGEST_SHORT and _is_short(prose, start, end):
            ends_line = prose[end - 1] in NEWLINES and prose[start - 1] not in NEWLINES
            if not (ends_line and kept) or _announces(prose, start, end):
                continue
            start = kept.pop()
        kept.append(start)
        start = end
    return kept or [0]


def _is_short(prose: str, start: int, end: int) -> bool:
    visible = "".join(prose[start:end].split())
    if visible.isascii():
        columns = len(visible)
    else:
        columns = sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in visible)
    return columns < SHORTEST_STEP or _is_marker(prose, start, end)


def _announces(prose: str, start: int, end: int) -> bool:
    return prose[start:end].rstrip().endswith((":", ",")) or _is_marker(prose, start, end)


def _is_marker(prose: str, start: int, end: int) -> bool:
    return MARKER.fullmatch(prose, start, end) is not None
