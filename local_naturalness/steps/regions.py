"""Find the regions that no step boundary may cut."""

from collections import defaultdict

from local_naturalness.steps.delimiters import read_delimiters
from local_naturalness.steps.notation import Delimiter, Kind, Region


def find_regions(text: str) -> list[Region]:
    """Return the protected regions of a text: in order, without overlap, outermost only."""
    padded = "\n" + text  # every line follows a newline
    items = list(read_delimiters(padded))
    regions = []
    position = 0
    for item, partner in zip(items, _partners(items, len(padded)), strict=True):
        if item.start < position:
            continue
        if isinstance(item, Region):
            region = item
        elif partner and item.opens.may_enclose(padded, item.start, partner.end):
            region = Region(item.start, partner.end, item.opens.kind)
        else:
            continue
        position = region.end
        regions.append(Region(region.start - 1, region.end - 1, region.kind))
    return regions


def _partners(items: list[Delimiter | Region], length: int) -> list[Delimiter | None]:
    """Return for every item the nearest delimiter that closes the pair it opens, if any does.

    Going from the end, the closing delimiters met so far are at hand when an opening one is met:
    looking for each of them apart would take quadratic time on text that never closes anything.
    An unclosed code block goes on to the next one, or to the end of a trace that was cut.
    """
    partners = []
    unmatched: defaultdict[str, list[Delimiter]] = defaultdict(list)
    next_block = Delimiter(length, length, None, None)
    for item in reversed(items):
        partner = None
        if isinstance(item, Delimiter):
            if item.opens:
                closing = unmatched[item.opens.closing]
                partner = closing.pop() if closing else None
                if item.opens.kind is Kind.CODE:
                    partner = partner or next_block
                    next_block = Delimiter(item.start, item.start, None, None)
            if item.closes:
                unmatched[item.closes.closing].append(item)
        partners.append(partner)
    return partners[::-1]
