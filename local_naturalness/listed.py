"""Words in a row, for sentences."""

from collections.abc import Sequence


def listed(words: Sequence[str], last: str = "and", at_most: int | None = None) -> str:
    """Words with commas between them, and a conjunction before the last one.

    Args:
        words: At least one.
        last: The conjunction.
        at_most: Number of words that are shown. The others are counted.

    >>> listed(["a"]), listed(["a", "b"]), listed(["a", "b", "c"], "or")
    ('a', 'a and b', 'a, b or c')
    >>> listed(["a", "b", "c", "d"], at_most=2)
    'a, b and 2 more'
    """
    if at_most is not None and len(words) > at_most:
        words = [*words[:at_most], f"{len(words) - at_most:,} more"]
    *first, final = words
    return f"{', '.join(first)} {last} {final}" if first else final
