"""Tables and sentences as plain text, as wide as the terminal, or as Markdown."""

import math
import re
import shutil
import unicodedata
from collections.abc import Iterable

import pandas as pd

from local_naturalness.visible import visible_line

_WIDTH_OF_FILES = 100


def terminal_width() -> int:
    """Columns of the terminal (or of the variable `COLUMNS`), or 100 if there is none."""
    return shutil.get_terminal_size((_WIDTH_OF_FILES, 24)).columns


def shown_width(text: str) -> int:
    """Columns of a terminal that a text takes: two for most characters of Chinese, Japanese and Korean.

    >>> shown_width("通义-7B")
    7
    """
    return sum(map(_width_of, text))


def wrapped(sentence: str, width: int) -> str:
    """A sentence in lines of at most some width. All lines but the first are indented.

    Sentences have no line breaks; those of names that they hold are escaped.
    """
    width, lines = max(width, 20), [""]
    for word in visible_line(sentence).split():
        gap = " " if lines[-1].strip() else ""
        if gap and shown_width(f"{lines[-1]} {word}") > width:
            lines, gap = [*lines, "  "], ""
        lines[-1] += gap
        # A word that is longer than a line goes on in the next.
        while shown_width(lines[-1] + word) > width:
            begin = _beginning(word, width - shown_width(lines[-1]))
            lines, word = [*lines[:-1], lines[-1] + begin, "  "], word[len(begin) :]
        lines[-1] += word
    return "\n".join(lines)


def shortened(name: object, width: int) -> str:
    """A name without its middle if it is too long, because the ends of names distinguish models.

    >>> shortened("Sky-T1-math-correct-5K-32B", 15)
    'Sky-T1-…-5K-32B'
    """
    text = str(name)
    if shown_width(text) <= width:
        return text
    tail = (width - 1) // 2
    end = _beginning(text[::-1], tail)[::-1]
    return f"{_beginning(text, width - 1 - tail)}…{end}"


def _beginning(text: str, width: int) -> str:
    """As many characters as fit."""
    taken = 0
    for place, character in enumerate(text):
        taken += _width_of(character)
        if taken > width:
            return text[:place]
    return text


def _width_of(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def table_text(frame: pd.DataFrame, width: int) -> str:
    """A table of texts; columns that do not fit follow below, with the index again."""
    longest = max(width // 2, 12)
    shown = frame.rename(index=lambda name: shortened(visible_line(str(name)), longest))
    shown.columns = pd.Index([shortened(visible_line(str(name)), longest) for name in frame.columns])
    # pandas puts one column beyond the width that it is given, and a mark where a table goes on.
    with pd.option_context("display.unicode.east_asian_width", True):
        return shown.to_string(line_width=max(width - 2, 20), na_rep="-", max_colwidth=longest)


def table_markdown(frame: pd.DataFrame, first: str) -> str:
    """A table of texts in Markdown, its index as the first column."""
    rows = [[first, *map(str, frame.columns)], ["---"] * (len(frame.columns) + 1)]
    rows += [[str(index), *map(str, row)] for index, row in zip(frame.index, frame.to_numpy(), strict=True)]
    return "\n".join(f"| {' | '.join(map(_cell, row))} |" for row in rows)


def list_markdown(sentences: Iterable[str]) -> str:
    """Sentences as a list in Markdown, one line each."""
    return "\n".join(f"- {visible_line(sentence)}" for sentence in sentences)


def _cell(text: str) -> str:
    # A backslash of a name before a bar would free the bar, and so break the cell in two.
    return re.sub(r"[\\|`*<]", r"\\\g<0>", visible_line(text))


def decimals_for(largest: float) -> int:
    """Decimals that show five digits or more of the larger numbers of a column.

    >>> [decimals_for(number) for number in (0.5, 5.0, 812.3, 120000.0)]
    [4, 4, 2, 0]
    """
    if not math.isfinite(largest) or abs(largest) < 1:
        return 4
    return max(0, 4 - int(math.log10(abs(largest))))


def number_text(number: float, decimals: int, as_share: bool = False) -> str:
    """A number, or a share in percent; a dash for an unknown one."""
    if math.isnan(number):
        return "-"
    # Adding 0 turns -0 into 0.
    return f"{number:.1%}" if as_share else f"{round(number, decimals) + 0.0:.{decimals}f}"
