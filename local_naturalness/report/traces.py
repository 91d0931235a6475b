"""Responses step by step. Long ones are collapsed, except for their worst and best passages."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
from markupsafe import Markup

from local_naturalness.counted import counted
from local_naturalness.report.steps import Step
from local_naturalness.report.tint import Tints, difference
from local_naturalness.tables.html import text_html

# Steps on each side of the worst and the best one that stay open in a trace that is folded.
_BESIDE = 2
_OPEN_UNTIL = 30
_LONGEST_STEP = 1_500


def trace_html(steps: Sequence[Step], tints: Tints, budget: int) -> Markup:
    """The coloured steps in a limited number of bytes, with a note on what is left out.

    Args:
        steps: Of one response.
        tints: Of the page.
        budget: Bytes.
    """
    open_ones = _open_places(steps)
    drawn: dict[int, Markup] = {}
    # Worst and best passages first, so that they are there however long a trace is.
    for place in sorted(range(len(steps)), key=lambda one: (one not in open_ones, one)):
        html = step_html(steps[place], tints)
        budget -= len(html.encode())
        if budget < 0 and drawn:
            break
        drawn[place] = html
    pieces = []
    for is_open, places in groupby(range(len(steps)), key=open_ones.__contains__):
        run = list(places)
        shown = Markup("").join(drawn[place] for place in run if place in drawn)
        missing = sum(place not in drawn for place in run)
        if missing:
            shown += Markup('<span class="left-out"> [{} left out of this page] </span>').format(
                counted(missing, "step")
            )
        if not is_open:
            known = [steps[place].scores[0] for place in run]
            first, last = steps[run[0]].number, steps[run[-1]].number
            named = f"Steps {first} to {last}" if last > first else f"Step {first}"
            shown = Markup("<details><summary>{}{}</summary>{}</details>").format(
                named, _mean_text(known), shown
            )
        pieces.append(shown)
    return Markup("").join(pieces)


def step_html(step: Step, tints: Tints) -> Markup:
    """One step, its scores on hover and for screen readers."""
    told, text = tints.told(step), without_middle(step.text, _LONGEST_STEP)
    scores = " ".join("" if score is None else f"{score:.6g}" for score in step.scores)
    return Markup(
        '<span class="step {}" data-score="{}" title="Step {}: {}">{}'
        '<span class="sr"> (step {}: {}) </span></span>'
    ).format(tints.classes(step), scores, step.number, told, text_html(text), step.number, told)


def without_middle(text: str, longest: int) -> str:
    """A text shortened to a number of characters from both ends.

    >>> without_middle("abcdefgh", 4)
    'ab [4 characters are left out] gh'
    """
    half = longest // 2
    if len(text) <= longest:
        return text
    return f"{text[:half]} [{len(text) - 2 * half} characters are left out] {text[-half:]}"


def _open_places(steps: Sequence[Step]) -> set[int]:
    """Places to keep open: both ends, and around the worst, the best and the most different step."""
    if len(steps) <= _OPEN_UNTIL:
        return set(range(len(steps)))
    scores = np.array([np.nan if step.scores[0] is None else step.scores[0] for step in steps])
    tellers = [scores, -scores]
    if len(steps[0].scores) == 2:
        apart = [difference(step) for step in steps]
        tellers.append(-np.abs([np.nan if one is None else one for one in apart]))
    places = {0, 1, len(steps) - 1}
    for numbers in tellers:
        if np.isfinite(numbers).any():
            middle = int(np.nanargmin(numbers))
            places |= set(range(max(middle - _BESIDE, 0), min(middle + _BESIDE + 1, len(steps))))
    return places


def _mean_text(scores: Sequence[float | None]) -> str:
    known = [score for score in scores if score is not None]
    return f", mean {np.mean(known):.3f}" if known else ", not in the sample"
