"""Measures how fast this machine passes windows through a student."""

import time
from collections.abc import Sequence

import numpy as np

from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.estimation.work import Work
from local_naturalness.student.cost import StudentCost

# Of the first pass, which also allocates: little enough for a large student on a slow machine.
_FIRST_TOKENS = 64
_SHORTEST = 16  # tokens of a window that is cut to fill a pass


def measured_speed(engine: Engine, windows: Sequence[Window], cost: StudentCost, seconds: float) -> float:
    """Floating-point operations per second, over passes from all over some windows.

    Passes double in size up to that of a scoring run, for as long as there is time: on a slow machine
    the first full pass alone could take an hour. So the last pass, which is begun in time, takes a few times
    as long as those before it, however few or many the windows are.

    Args:
        engine: of the student.
        windows: at least one; taken from random places.
        cost: of the student.
        seconds: after which no pass is begun.

    Returns:
        The speed of the largest passes that there was time for.
    """
    random = np.random.default_rng(0)
    passes: list[tuple[int, float, float]] = []  # tokens, operations, seconds
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
    return sum(operations for operations, _ in counted) / sum(took for _, took in counted)


def _neighbours(windows: Sequence[Window], place: int, tokens: int) -> list[Window]:
    """Windows from a place on, as many as have so many tokens; a prompt that they share is passed once."""
    batch: list[Window] = []
    left = tokens
    while not batch or left >= _SHORTEST:
        batch.append(_cut(windows[(place + len(batch)) % len(windows)], max(left, 2)))
        left -= len(batch[-1])
    return batch


def _cut(window: Window, tokens: int) -> Window:
    """The window, or the end of its prompt and the begin of its tokens where it is longer than that."""
    if len(window) <= tokens:
        return window
    prompt = window.prompt[max(0, len(window.prompt) - tokens // 2) :]
    part = window.tokens[: tokens - len(prompt)]
    return Window(prompt, part, min(window.first_scored, len(part) - 1))
