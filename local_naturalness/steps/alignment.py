"""Find given pieces (from a column of steps, or a user's function) in their text."""

from collections.abc import Iterable

from local_naturalness.steps.tiling import Span, skip_space, tile


def align_steps(text: str, steps: Iterable[str]) -> list[Span]:
    """Return the spans of ``text`` that the given pieces stand for; together they tile it.

    Pieces are looked for in order. Only white space may stand before, between and after them, and
    white space at the ends of a piece does not count. Pieces that are empty or white space only
    are ignored.

    Args:
        text: the text that was split.
        steps: its pieces, in order.

    Returns:
        ``[start, end)`` pairs in characters.

    Raises:
        ValueError: a piece is not where it should be, or text is left after the last one.
        TypeError: a piece is not a string, or the pieces are not a list.

    >>> align_steps("Add 2 and 3.\\n\\nIt is 5.", ["Add 2 and 3.", "It is 5."])
    [(0, 14), (14, 22)]
    """
    if isinstance(steps, str) or not isinstance(steps, Iterable):
        raise TypeError(
            f"The pieces of a text must be a list of strings, found {type(steps).__name__} "
            f"{_shorten(repr(steps))}."
        )
    ends = []
    position = skip_space(text, 0)
    for index, step in enumerate(steps):
        if not isinstance(step, str):
            raise TypeError(
                f"Steps must be strings, but step {index} is a {type(step).__name__}: {_shorten(repr(step))}."
            )
        piece = step.strip()
        if not piece:
            continue
        if not text.startswith(piece, position):
            raise ValueError(
                f"Step {index}, {_shorten(piece)!r}, does not stand at character {position} of the "
                f"text, which goes on with {_shorten(text[position : position + 80])!r}. Steps "
                "must be exact pieces of the text, in order, with only white space between them."
            )
        ends.append(position + len(piece))
        position = skip_space(text, position + len(piece))
    if position < len(text):
        raise ValueError(
            f"The steps end at character {position} of {len(text)}, and the text goes on with "
            f"{_shorten(text[position : position + 80])!r}. Steps must cover the whole text; only "
            "white space may be left out."
        )
    return tile(text, ends)


def _shorten(piece: str, limit: int = 60) -> str:
    return piece if len(piece) <= limit else piece[: limit - 3] + "..."
