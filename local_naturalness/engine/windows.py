"""Window planning: which tokens are scored together, and what each of them may see.

A window is a range of response tokens after the prompt: some context, then the scored tokens. Windows that
begin at the same step share one pass, because a causal model scores every token of a pass given exactly the
tokens before it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple


class WindowSpan(NamedTuple):
    """Response tokens `[begin, end)` of a window. Those from `first_scored` on are scored."""

    begin: int
    first_scored: int
    end: int


@dataclass(frozen=True)
class WindowPlan:
    """The windows of one response, and what was done to fit them into the student's context."""

    spans: list[WindowSpan]
    context_trimmed: bool = False
    step_in_pieces: bool = False

    @property
    def status(self) -> str:
        """Status of a row that is scored with these windows."""
        trimmed = "context_trimmed" if self.context_trimmed else "ok"
        return "step_in_pieces" if self.step_in_pieces else trimmed


def first_context_step(step: int, window: int | float | None, stride: int = 1) -> int:
    """Index of the first step that `step` may see.

    >>> [first_context_step(i, 2) for i in range(5)]
    [0, 0, 0, 1, 2]
    >>> [first_context_step(i, 0.25) for i in range(6)]
    [0, 0, 1, 2, 3, 3]
    >>> [first_context_step(i, 2, stride=3) for i in range(7)]
    [0, 0, 0, 1, 1, 1, 4]
    """
    if window is None:
        return 0
    if isinstance(window, float):
        # Rounded first, because 0.07 * 100 is 7.000000000000001, and 7 steps are meant.
        return step - math.ceil(round(window * step, 6))
    return max(0, step // stride * stride - window)


def plan_windows(
    steps: Sequence[tuple[int, int]],
    room: int,
    window: int | float | None = 4,
    stride: int = 1,
    chosen: Iterable[int] | None = None,
    begins: Sequence[int] | None = None,
) -> WindowPlan:
    """Plan the windows of one response.

    Args:
        steps: `[start, end)` token ranges of the steps. They tile the response.
        room: number of tokens that fit into the student's context after the prompt, at least 1.
        window: number of preceding steps that a step sees. A float is a share of them, `None` is all of them.
        stride: windows advance by this many steps and score as many. A step then sees `window` to
            `window + stride - 1` steps.
        chosen: indices of the steps to score, ascending. `None` scores all.
        begins: for each step, the first token of a window that begins with it. `None` is the first token of
            the step.

    Returns:
        Windows in the order of the tokens that they score. Every chosen step is in exactly one scored part.

    >>> plan_windows([(0, 3), (3, 5), (5, 9), (9, 10)], room=100, window=1).spans
    [WindowSpan(begin=0, first_scored=0, end=5), WindowSpan(begin=3, first_scored=5, end=9), \
WindowSpan(begin=5, first_scored=9, end=10)]
    """
    begins = [start for start, _ in steps] if begins is None else begins
    spans: list[WindowSpan] = []
    trimmed = in_pieces = False
    passes: dict[int, tuple[int, int]] = {}  # first token seen -> scored tokens
    first = 0  # only moves forward, so that each step of a long trace is visited once
    for step in range(len(steps)) if chosen is None else chosen:
        start, end = steps[step]
        wanted = first_context_step(step, window, stride)
        if end - start > room:
            spans += _pieces(start, end, begins[wanted], room)
            in_pieces = True
            continue
        first = max(first, wanted)
        while first < step and end - begins[first] > room:
            first += 1
        begin = begins[first] if end - begins[first] <= room else start
        trimmed = trimmed or begin > begins[wanted]
        passes[begin] = (passes.get(begin, (start, end))[0], end)
    spans += [WindowSpan(begin, scored, end) for begin, (scored, end) in passes.items()]
    return WindowPlan(sorted(spans, key=lambda span: span.first_scored), trimmed, in_pieces)


def _pieces(start: int, end: int, earliest: int, room: int) -> list[WindowSpan]:
    """Windows for a step that does not fit: pieces of half the room, each after as much context as fits."""
    size = max(1, room // 2)
    return [
        WindowSpan(max(earliest, min(piece + size, end) - room), piece, min(piece + size, end))
        for piece in range(start, end, size)
    ]
