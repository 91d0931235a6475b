"""Measures how fast this machine passes windows through a student."""

import math
import time
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.estimation.work import Work
from local_naturalness.student.cost import StudentCost

# Tokens of a pass that is not timed, as the first one starts threads and allocates memory.
_WARM_UP_TOKENS = 16
# Tokens of the first timed pass. Few enough for a large student on a slow machine.
_FIRST_TOKENS = 64
_SHORTEST = 16  # tokens of a window that is cut to fill a pass


class Speed(NamedTuple):
    """Floating-point operations per second, and the tokens of the passes on which they were measured.

    Small passes are slower for each token. So the speed is too low if there was no time for full passes.
    `seconds` is the time that all timed passes took.
    """

    operations_per_second: float
    pass_tokens: int
    seconds: float

    def seconds_for(self, tokens: int) -> int:
        """A time to measure for that is enough for passes of some tokens, more than `pass_tokens`.

        Passes double in size, so their times at most double. All those before the larger one take less than
        the measured time, times the ratio of the sizes.

        Example: there was time for passes of 64 and 128 tokens. Then 256 and 512 are left before 1,024.

        >>> Speed(1e12, pass_tokens=128, seconds=6.0).seconds_for(1_024)
        48
        """
        return math.ceil(self.seconds * tokens / self.pass_tokens)


def measured_speed(engine: Engine, windows: Sequence[Window], cost: StudentCost, seconds: float) -> Speed:
    """Floating-point operations per second, measured on passes over windows from random places.

    Each pass is twice as large as the one before, up to the size of a pass in a scoring run. A full pass
    could take an hour on a slow machine, so no pass begins after the given time. The last one then takes at
    most a few times as long as the ones before it, however many windows there are.

    Args:
        engine: engine of the student.
        windows: at least one window.
        cost: cost of the student.
        seconds: time after which no pass begins.

    Returns:
        The speed of the largest passes for which there was time.
    """
    random = np.random.default_rng(0)
    passes: list[tuple[int, float, float]] = []  # tokens, operations, seconds
    engine.score(_neighbours(windows, 0, min(_WARM_UP_TOKENS, engine.max_tokens)))
    tokens = min(_FIRST_TOKENS, engine.max_tokens)
    while not passes or sum(took for _, _, took in passes) <= seconds:
        batch = _neighbours(windows, int(random.integers(len(windows))), tokens)
        work = Work()
        work.add_windows(batch, engine.max_tokens, engine.paths)
        start = time.perf_counter()
        engine.score(batch)
        passes.append((tokens, work.operations(cost), time.perf_counter() - start))
        tokens = min(2 * tokens, engine.max_tokens)
    largest = max(tokens for tokens, _, _ in passes)
    counted = [(operations, took) for tokens, operations, took in passes if tokens == largest]
    speed = sum(operations for operations, _ in counted) / sum(took for _, took in counted)
    return Speed(speed, largest, sum(took for _, _, took in passes))


def _neighbours(windows: Sequence[Window], place: int, tokens: int) -> list[Window]:
    """Consecutive windows that together have the given number of tokens. A shared prompt counts once."""
    batch: list[Window] = []
    left = tokens
    while not batch or left >= _SHORTEST:
        batch.append(_cut(windows[(place + len(batch)) % len(windows)], max(left, 2)))
        left -= len(batch[-1])
    return batch


def _cut(window: Window, tokens: int) -> Window:
    """The window. If it is too long, the end of its prompt and the beginning of its tokens."""
    if len(window) <= tokens:
        return window
    prompt = window.prompt[max(0, len(window.prompt) - tokens // 2) :]
    part = window.tokens[: tokens - len(prompt)]
    return Window(prompt, part, min(window.first_scored, len(part) - 1))
