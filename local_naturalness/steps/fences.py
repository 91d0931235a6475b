"""Which fence closes a code block, as in CommonMark, and where an unclosed block ends."""

from collections.abc import Iterable

from local_naturalness.steps.notation import Fence

# Longer fences than any in use count as this long, which bounds the work for each.
LONGEST = 16


def block_ends(fences: Iterable[Fence], length: int) -> dict[int, int]:
    """Return where the block ends that each of the fences opens, by the start of the fence.

    A block is closed by the next fence of the same character that is as long or longer and has no
    language. One that has a language opens another block: then the closing fence is missing, and
    the first block ends there, as it ends before the next block of any kind, or with the text, if
    no fence follows that could close it.

    Args:
        fences: all fences of a text of this length, in order.
        length: of the text.
    """
    ends = {}
    next_of: dict[tuple[str, int], Fence | None] = {
        (character, size): None for character in "`~" for size in range(LONGEST + 1)
    }
    next_block = length
    for fence in reversed(list(fences)):
        character, size = fence.mark[0], min(len(fence.mark), LONGEST)
        later = [f for n in range(size, LONGEST + 1) if (f := next_of[character, n])]
        nearest = min(later, default=None)
        if nearest is None:
            ends[fence.start] = next_block
        else:
            ends[fence.start] = nearest.end if nearest.closes else nearest.start
        next_of[character, size] = fence
        next_block = fence.start
    return ends
