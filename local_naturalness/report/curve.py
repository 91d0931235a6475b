"""How likely steps are from the beginning to the end of a trace, by teacher, from a sample."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from local_naturalness.report.findings import most_frequent
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.report.views import View

_ROWS_OF_A_TEACHER = 120
_STEPS_OF_A_ROW = 500
_PLACES = 10


def step_sample(table: ScoredTable, views: Sequence[View]) -> tuple[np.ndarray, list[dict[str, np.ndarray]]]:
    """Scores of steps of sampled responses, and by teacher the mean by place in the trace.

    Args:
        table: All rows.
        views: What to read.

    Returns:
        Scores of shape [views, steps], NaN for none; and for each view teacher -> shape [10], each response
        counting alike, of responses with ten steps or more.
    """
    names = [view.scores for view in views]
    lines: list[dict[str, np.ndarray]] = [{} for _ in views]
    sampled: list[np.ndarray] = [np.zeros((len(views), 0))]
    if not views:
        return sampled[0], lines
    generator = np.random.default_rng(0)
    for code in most_frequent(table):
        rows = np.flatnonzero((table.teacher == code) & table.is_scored)
        rows = np.sort(generator.choice(rows, min(_ROWS_OF_A_TEACHER, len(rows)), replace=False))
        few = table.dataset.with_format("arrow").select_columns(names).select(rows.tolist())[:]
        means: list[list[np.ndarray]] = [[] for _ in views]
        for of_row in zip(*(few.column(name) for name in names), strict=True):
            lists = [_numbers(one) for one in of_row]
            if len({len(one) for one in lists}) > 1:
                lists = [lists[0], *(np.full(len(lists[0]), np.nan) for _ in lists[1:])]
            steps = np.array(lists)
            if steps.shape[1] > _STEPS_OF_A_ROW:
                sampled.append(steps[:, generator.choice(steps.shape[1], _STEPS_OF_A_ROW, replace=False)])
            else:
                sampled.append(steps)
            if steps.shape[1] >= _PLACES:
                for of_view, scores in zip(means, steps, strict=True):
                    of_view.append(means_by_place(scores))
        for of_lines, of_view in zip(lines, means, strict=True):
            if of_view:
                stacked = np.array(of_view)
                count = np.isfinite(stacked).sum(axis=0)
                line = np.nansum(stacked, axis=0) / np.where(count, count, np.nan)
                if np.isfinite(line).any():
                    of_lines[table.shown_names[code]] = line
    return np.concatenate(sampled, axis=1), lines


def means_by_place(steps: np.ndarray) -> np.ndarray:
    """Mean of the steps in each tenth of a trace; NaN if none has a score.

    >>> means_by_place(np.array([-1.0, -3.0] + [-2.0] * 18)).tolist()[:2]
    [-2.0, -2.0]
    """
    place = _PLACES * np.arange(len(steps)) // len(steps)
    known = np.isfinite(steps)
    count = np.bincount(place[known], minlength=_PLACES)
    total = np.bincount(place[known], steps[known], minlength=_PLACES)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _numbers(scores: pa.ListScalar | pa.NullScalar) -> np.ndarray:
    if not scores.is_valid:
        return np.zeros(0)
    numbers = scores.values.cast(pa.float64()).to_numpy(zero_copy_only=False).copy()
    numbers[~np.isfinite(numbers)] = np.nan
    return numbers
