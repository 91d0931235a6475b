"""A response step by step, with the scores of each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local_naturalness.report.views import View


@dataclass(frozen=True)
class Step:
    """A piece of a response.

    Args:
        number: The number of the step, counted from 1.
        text: The text of the step.
        scores: One per view, in nats per token; `None` outside a sample.
        tokens: Number of tokens; `None` if the table does not have it.
    """

    number: int
    text: str
    scores: tuple[float | None, ...]
    tokens: int | None = None


def steps_of(texts: Sequence[str], row: Mapping[str, Any], views: Sequence[View]) -> list[Step] | None:
    """The steps of a response; `None` if the row has none, or none that tile one of the texts.

    Args:
        texts: The texts that may have been split: the response, or all turns of a conversation.
        row: Columns of the table.
        views: The lists to read. A view whose steps differ from those of the first one has no scores.

    >>> row = {"step_spans": [[0, 4], [4, 9]], "step_scores": [-0.5, None]}
    >>> [(step.text, step.scores) for step in steps_of(["One. Two."], row, [View("local_naturalness", "")])]
    [('One.', (-0.5,)), (' Two.', (None,))]
    >>> steps_of(["One. Two. "], row, [View("local_naturalness", "")]) is None
    True
    """
    spans = next((row[view.spans] for view in views if row.get(view.spans)), None)
    if not spans:
        return None
    response = next((text for text in texts if _tiles(spans, text)), None)
    if response is None:
        return None
    lists = [_list(row, view, view.scores, spans) for view in views]
    lengths = next(filter(None, (_list(row, view, view.tokens, spans) for view in views)), None)
    if not any(lists):
        return None
    return [
        Step(
            place + 1,
            response[start:end],
            tuple(_finite(one[place]) if one else None for one in lists),
            lengths[place] if lengths else None,
        )
        for place, (start, end) in enumerate(spans)
    ]


def _list(row: Mapping[str, Any], view: View, column: str, spans: list[list[int]]) -> list[Any] | None:
    """A list of the row, if it has one item per step."""
    found: list[Any] | None = row.get(column)
    fits = found is not None and len(found) == len(spans) and row.get(view.spans) == spans
    return found if fits else None


def _finite(score: float | None) -> float | None:
    return None if score is None or not math.isfinite(score) else score


def _tiles(spans: list[list[int]], text: str) -> bool:
    ends = [end for _, end in spans]
    return [start for start, _ in spans] == [0, *ends[:-1]] and ends[-1] == len(text)
