"""Cuts the attention of a pack into batches with little padding and few hidden pairs."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from local_naturalness.engine.packing import Segment

# Queries of a tile. Causality hides half of the query-key pairs of a long window. If the window is cut into
# tiles, only the last part of each tile has hidden pairs.
_TILE_LENGTH = 256


class Tile(NamedTuple):
    """Tokens `[start, end)` of a pack. Each sees `[prompt, prompt_end)`, and `[begin, end)` up to itself."""

    start: int
    end: int
    begin: int
    prompt: int
    prompt_end: int

    @property
    def length(self) -> int:
        """Number of queries."""
        return self.end - self.start

    @property
    def before(self) -> int:
        """Tokens of the prompt."""
        return self.prompt_end - self.prompt

    @property
    def visible(self) -> int:
        """Tokens that the last query sees."""
        return self.before + self.end - self.begin


def tiles_of(segment: Segment, length: int = _TILE_LENGTH) -> Iterator[Tile]:
    """Cut a segment into tiles of at most `length` queries.

    >>> [tuple(tile) for tile in tiles_of(Segment(5, 8, 0, 5), length=2)]
    [(5, 7, 5, 0, 5), (7, 8, 5, 0, 5)]
    """
    for start in range(segment.start, segment.end, length):
        end = min(start + length, segment.end)
        yield Tile(start, end, segment.start, segment.prompt, segment.prompt_end)


def tile_groups(segments: Sequence[Segment], max_cells: int, max_waste: float = 1.15) -> list[list[Tile]]:
    """Cut segments into tiles, and group tiles of similar size. Each group is padded to its largest tile.

    Args:
        segments: segments of one pack.
        max_cells: most query-key pairs in a group, with padding. A larger tile is a group of its own.
        max_waste: most pairs in a group with padding, as a multiple of the pairs without padding.
    """
    tiles = [tile for segment in segments for tile in tiles_of(segment)]
    groups: list[list[Tile]] = []
    cells = 0
    for tile in sorted(tiles, key=lambda t: (-t.length * t.visible, t.start)):
        own = tile.length * tile.visible
        if groups:
            members = [*groups[-1], tile]
            padded = len(members) * max(t.length for t in members) * max(t.visible for t in members)
            if padded <= max_cells and padded <= max_waste * (cells + own):
                groups[-1].append(tile)
                cells += own
                continue
        groups.append([tile])
        cells = own
    return groups
