"""Responses step by step, long ones folded around their worst and best passages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from local_naturalness.counted import counted
from local_naturalness.report.tint import Scale
from local_naturalness.tables.html import text_html

# Steps on each side of the worst and the best one that stay open in a trace that is folded.
_BESIDE = 2
_OPEN_UNTIL = 30
_LONGEST_STEP = 1_500


@dataclass(frozen=True)
class Step:
    """A piece of a response; `score` is `None` outside a sample."""

    number: int
    text: str
    score: float | None


def steps_of(response: str, spans: Any, scores: Any) -> list[Step] | None:
    """The steps of a response, or `None` where the spans do not tile it.

    >>> [(step.text, step.score) for step in steps_of("One. Two.", [[0, 4], [4, 9]], [-0.5, None])]
    [('One.', -0.5), (' Two.', None)]
    >>> steps_of("One. Two.", [[0, 4]], [-0.5]) is None
    True
    """
    if not spans or scores is None or len(spans) != len(scores):
        return None
    ends = [end for _, end in spans]
    if [start for start, _ in spans] != [0, *ends[:-1]] or ends[-1] != len(response):
        return None
    return [
        Step(number, response[start:end], score)
        for number, ((start, end), score) in enumerate(zip(spans, scores, strict=True), start=1)
    ]


def trace_html(steps: Sequence[Step], scale: Scale, budget: int) -> Markup:
    """Tinted steps in at most some bytes; what is left out is told.

    Args:
        steps: Of one response.
        scale: Of the page.
        budget: Bytes.
    """
    open_ones = _open_places(steps)
    drawn: dict[int, Markup] = {}
    # Worst and best passages first, so that they are there however long a trace is.
    for place in sorted(range(len(steps)), key=lambda one: (one not in open_ones, one)):
        html = step_html(steps[place], scale)
        budget -= len(html.encode())
        if budget < 0 and drawn:
            break
        drawn[place] = html
    pieces = []
    for is_open, run in _runs(len(steps), open_ones):
        shown = Markup("").join(drawn[place] for place in run if place in drawn)
        missing = sum(place not in drawn for place in run)
        if missing:
            shown += Markup('<span class="left-out"> [{} left out of this page] </span>').format(
                counted(missing, "step")
            )
        if not is_open:
            known = [steps[place].score for place in run]
            shown = Markup("<details><summary>Steps {} to {}{}</summary>{}</details>").format(
                steps[run[0]].number, steps[run[-1]].number, _mean_text(known), shown
            )
        pieces.append(shown)
    return Markup("").join(pieces)


def step_html(step: Step, scale: Scale) -> Markup:
    """One step, its score on hover and for screen readers."""
    told = "not in the sample of scored steps" if step.score is None else f"{step.score:.3f} nats per token"
    text = without_middle(step.text, _LONGEST_STEP)
    score = "" if step.score is None else f"{step.score:.6g}"
    return Markup(
        '<span class="step {}" data-score="{}" title="Step {}: {}">{}'
        '<span class="sr"> (step {}: {}) </span></span>'
    ).format(scale.class_of(step.score), score, step.number, told, text_html(text), step.number, told)


def without_middle(text: str, longest: int) -> str:
    """A text with at most so many of its characters, from both ends.

    >>> without_middle("abcdefgh", 4)
    'ab [4 characters are left out] gh'
    """
    half = longest // 2
    if len(text) <= longest:
        return text
    return f"{text[:half]} [{len(text) - 2 * half} characters are left out] {text[-half:]}"


def thirds(steps: Sequence[Step]) -> np.ndarray | None:
    """What each third of a trace adds to the mean over steps, shape [3]; `None` where steps lack scores."""
    scores = np.array([np.nan if step.score is None else step.score for step in steps])
    if not len(scores) or np.isnan(scores).any():
        return None
    place = np.minimum(3 * np.arange(len(scores)) // len(scores), 2)
    return np.bincount(place, scores, minlength=3) / len(scores)


def _open_places(steps: Sequence[Step]) -> set[int]:
    if len(steps) <= _OPEN_UNTIL:
        return set(range(len(steps)))
    places = {0, 1, len(steps) - 1}
    scored = [place for place, step in enumerate(steps) if step.score is not None]
    if scored:
        ordered = sorted(scored, key=lambda place: steps[place].score or 0.0)
        for middle in (ordered[0], ordered[-1]):
            places |= set(range(max(middle - _BESIDE, 0), min(middle + _BESIDE + 1, len(steps))))
    return places


def _runs(number: int, open_ones: set[int]) -> Iterator[tuple[bool, list[int]]]:
    run: list[int] = []
    for place in range(number):
        if run and (run[-1] in open_ones) != (place in open_ones):
            yield run[-1] in open_ones, run
            run = []
        run.append(place)
    if run:
        yield run[-1] in open_ones, run


def _mean_text(scores: Sequence[float | None]) -> str:
    known = [score for score in scores if score is not None]
    return f", mean {np.mean(known):.3f}" if known else ", not in the sample"
