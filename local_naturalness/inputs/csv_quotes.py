"""Quotes in CSV files that readers take in silence, with texts changed or rows lost."""

import csv
import io
import sys
from pathlib import Path

from local_naturalness.inputs.compression import opened

_CHUNK = 1 << 20


def refuse_broken_quotes(path: Path, separator: str) -> None:
    """Look for a quote that is never closed, and for text behind one that was closed.

    The reader of Arrow takes everything after the first for one value, to the end of the file, and
    leaves out the quotes of the second: `"Yes" he said` becomes `Yes he said`.

    Args:
        path: a CSV or TSV file in utf-8.
        separator: one character.

    Raises:
        ValueError: names the line on which the row begins.
    """
    with opened(path) as data:
        if not any(b'"' in chunk for chunk in iter(lambda: data.read(_CHUNK), b"")):
            return
    longest = csv.field_size_limit(sys.maxsize)
    line = 1
    try:
        with io.TextIOWrapper(opened(path), encoding="utf-8-sig", newline="") as lines:
            rows = csv.reader(lines, delimiter=separator, strict=True)
            for _ in rows:
                line = rows.line_num + 1
    except csv.Error as error:
        raise ValueError(_broken(path, line, "end of data" in str(error))) from error
    finally:
        csv.field_size_limit(longest)


def _broken(path: Path, line: int, is_open: bool) -> str:
    what = "opens a quote that is never closed" if is_open else "has text after a closing quote"
    return (
        f"{str(path)!r} could not be read: the row that begins on line {line} {what}. Put the whole field in "
        'quotes and double the quotes inside it: "He said ""yes""."'
    )
