"""JSON that is nested too deeply. Readers of JSON recurse, and that of Arrow would end the process."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from local_naturalness.inputs.compression import opened

# Messages, tools and their schemas take some ten levels. Readers end at a few thousand.
DEEPEST = 1_000
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
# What a byte adds to the depth.
_STEPS = np.zeros(256, dtype=np.int8)
_STEPS[list(b"[{")] = 1
_STEPS[list(b"]}")] = -1


class NestedTooDeeply(ValueError):
    """A value is nested too deeply to be read safely."""


def refuse_deep_nesting(files: Sequence[Path]) -> None:
    """Check the nesting of JSON files before they are read.

    Raises:
        NestedTooDeeply: names the file and the line.
    """
    for path in files:
        with opened(path) as lines:
            number = first_line_deeper(lines, DEEPEST)
        if number is not None:
            raise NestedTooDeeply(
                f"{str(path)!r} could not be read, line {number} is nested more than {DEEPEST:,} levels deep."
            )


def first_line_deeper(lines: Iterable[bytes], deepest: int) -> int | None:
    """The first line, counted from 1, in which brackets outside of strings are open that deep.

    Values may go over several lines. Strings are left out only where brackets do not balance, or where there
    are enough of them to matter; else a line costs no more than counting.

    >>> first_line_deeper([b'{"a": "[[["}\\n', b'{"a": [[\\n', b"[1]]]}"], deepest=3)
    3
    """
    depth = 0
    for number, line in enumerate(lines, start=1):
        num_opened = line.count(b"[") + line.count(b"{")
        if depth + num_opened <= deepest and num_opened == line.count(b"]") + line.count(b"}"):
            continue
        bare = np.frombuffer(_STRING.sub(b"", line), dtype=np.uint8)
        depths = depth + np.cumsum(_STEPS[bare], dtype=np.int64)
        if len(depths) and depths.max() > deepest:
            return number
        depth = max(0, int(depths[-1])) if len(depths) else depth
    return None
