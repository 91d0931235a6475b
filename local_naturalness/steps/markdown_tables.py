"""Markdown tables: a header, a row of dashes, and the rows below it, with or without outer pipes."""

import re
from collections.abc import Iterator

from local_naturalness.steps.notation import Kind, Region

# A quotation mark before each line, at any depth, or none.
_QUOTED = r"[^\S\n]*+(?:>[^\S\n]*+)*+"
_DASHES = re.compile(rf"\n{_QUOTED}(?=[-:\ \t]*+\|)(?:\|[^\S\n]*+)?:?-[-:|\ \t]*+(?=\r?\n|\Z)")
_ROW = re.compile(
    rf"\r?\n(?P<quoted>{_QUOTED})(?!\#{{1,6}}\s|[-*+]\s|\d+[.)]\s|```|~~~)[^|\r\n]*+\|[^\r\n]*+"
)
_INDENT = re.compile(_QUOTED)


def find_tables(text: str) -> Iterator[Region]:
    """Yield tables in order; ``text`` must begin with a newline.

    As in GitHub's Markdown, a row needs one pipe, a table ends at a line without one, at the start
    of a list, heading or code block, and where the quotation ends that it stands in.
    """
    end = 0
    for dashes in _DASHES.finditer(text) if "|" in text else ():
        header = text.rfind("\n", 0, dashes.start()) if dashes.start() > end else -1
        if header < end or text.find("|", header, dashes.start()) < 0:
            continue
        indent = _INDENT.match(text, header + 1)
        assert indent is not None  # it matches nothing, too
        is_quoted = ">" in indent.group()
        start = indent.end()
        end = dashes.end()
        while (row := _ROW.match(text, end)) and (">" in row["quoted"]) == is_quoted:
            end = row.end()
        yield Region(start, end, Kind.TABLE)
