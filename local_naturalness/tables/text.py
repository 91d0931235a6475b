"""Tables and sentences as plain text, as wide as the terminal, or as Markdown."""

import math
import re
import shutil
import unicodedata
from collections.abc import Iterable

import pandas as pd

from local_naturalness.visible import visible_line

_WIDTH_OF_FILES = 100
_MOST_DECIMALS = 12
# Characters that act in Markdown. Names are full of underscores between letters or digits, which do not.
_MARK = r"[\\|*<\[\]~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|&(?=#?\w+;)"
_CODE_OR_MARK = re.compile(rf"(?P<code>(?<!`)(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`))|{_MARK}")


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
    return "\n".join(f"- {sentence_markdown(sentence)}" for sentence in sentences)


def sentence_markdown(sentence: str) -> str:
    r"""A sentence in which nothing but code, which we set in backticks, is Markdown.

    >>> print(sentence_markdown("<b>*x*</b> leads: pass `where='a < b'`."))
    \<b>\*x\*\</b> leads: pass `where='a < b'`.
    """
    return _CODE_OR_MARK.sub(
        lambda found: found[0] if found["code"] else f"\\{found[0]}", visible_line(sentence)
    )


def _cell(text: str) -> str:
    # A backslash of a name before a bar would free the bar, and so break the cell in two.
    return re.sub(rf"`|{_MARK}", r"\\\g<0>", visible_line(text))


def decimals_for(largest: float) -> int:
    """Decimals that show four digits or more of the larger numbers of a column.

    >>> [decimals_for(number) for number in (0.0, 3e-6, 0.05, 0.5, 5.0, 812.3, 120000.0)]
    [4, 9, 5, 4, 4, 2, 0]
    """
    if not math.isfinite(largest) or largest == 0:
        return 4
    size = math.floor(math.log10(abs(largest)))
    return min(max(0, (3 if size < 0 else 4) - size), _MOST_DECIMALS)


def two_digits(number: float) -> str:
    """A number in a sentence, where two digits are enough.

    >>> [two_digits(number) for number in (0.6588, 0.00291, 3.0, 1234.5)]
    ['0.66', '0.0029', '3.0', '1234']
    """
    if not math.isfinite(number) or number == 0:
        return f"{number:g}"
    return f"{number:.{min(max(0, 1 - math.floor(math.log10(abs(number)))), _MOST_DECIMALS)}f}"


def number_text(number: float, decimals: int, as_share: bool = False) -> str:
    """A number, or a share in percent; a dash for an unknown one."""
    if math.isnan(number):
        return "-"
    # Adding 0 turns -0 into 0.
    return f"{number:.1%}" if as_share else f"{round(number, decimals) + 0.0:.{decimals}f}"
