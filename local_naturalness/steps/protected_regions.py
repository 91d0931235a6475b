"""Find the regions that no step boundary may cut."""

from collections import defaultdict

from local_naturalness.steps.delimiters import read_delimiters
from local_naturalness.steps.fences import block_ends
from local_naturalness.steps.markdown_tables import find_tables
from local_naturalness.steps.notation import Delimiter, Fence, Kind, Region


def find_regions(text: str) -> list[Region]:
    """Return the protected regions of a text: in order, without overlap, outermost only."""
    padded = "\n" + text  # every line follows a newline
    items = list(read_delimiters(padded))
    ends = block_ends((item for item in items if isinstance(item, Fence)), len(padded))
    candidates = [
        *((table, None) for table in find_tables(padded)),
        *zip(items, _partners(items), strict=True),
    ]
    candidates.sort(key=lambda candidate: candidate[0].start)
    regions = []
    position = 0
    for item, partner in candidates:
        if item.start < position:
            continue
        if isinstance(item, Region):
            region = item
        elif isinstance(item, Fence):
            region = Region(item.start, ends[item.start], Kind.CODE)
        elif partner and item.opens and item.opens.may_enclose(padded, item.start, partner.end):
            region = Region(item.start, partner.end, item.opens.kind)
        else:
            continue
        position = region.end
        regions.append(Region(region.start - 1, region.end - 1, region.kind))
    return regions


def _partners(items: list[Delimiter | Fence | Region]) -> list[Delimiter | None]:
    """Return for every item the nearest delimiter that closes the pair it opens, if any does.

    Going from the end, the closing delimiters met so far are at hand when an opening one is met:
    looking for each of them apart would take quadratic time on text that never closes anything.
    """
    partners: list[Delimiter | None] = []
    unmatched: defaultdict[str, list[Delimiter]] = defaultdict(list)
    for item in reversed(items):
        partner = None
        if isinstance(item, Delimiter):
            if item.opens and (closing := unmatched[item.opens.name]):
                partner = closing.pop()
            for name in item.closes:
                unmatched[name].append(item)
        partners.append(partner)
    return partners[::-1]
