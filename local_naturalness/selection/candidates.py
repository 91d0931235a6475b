"""Candidates ordered within their prompts, and the weights of the picks."""

from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Ranking:
    """The eligible rows, prompt by prompt, best first; arrays of shape [eligible rows].

    Args:
        rows: Row numbers.
        start: The place in these arrays where the row's prompt begins.
        value: The score, high is better.
    """

    rows: np.ndarray
    start: np.ndarray
    value: np.ndarray

    @property
    def position(self) -> np.ndarray:
        """0 for the best candidate of a prompt, 1 for the next, ..."""
        return np.arange(len(self.rows)) - self.start

    def picks(self, prompt: np.ndarray) -> np.ndarray:
        """The best row of each prompt, shape [prompts], -1 where there is none.

        Args:
            prompt: Shape [rows], prompt numbers of all rows.
        """
        picks = np.full(prompt.max(initial=-1) + 1, -1, dtype=np.int64)
        rows = self.rows[self.position == 0]
        picks[prompt[rows]] = rows
        return picks


def rank_rows(
    prompt: np.ndarray, value: np.ndarray, eligible: np.ndarray, order_by: np.ndarray | None = None
) -> Ranking:
    """Order the eligible rows by prompt number, then value, best first, then row.

    Args:
        prompt: Shape [rows], prompt numbers.
        value: Shape [rows], high is better, finite where eligible.
        eligible: Shape [rows].
        order_by: Shape [rows], instead of values that are rounded.
    """
    rows = np.flatnonzero(eligible)
    better = value if order_by is None else order_by
    keys = pl.DataFrame({"prompt": prompt[rows], "worse": -better[rows]})
    order = keys.select(pl.arg_sort_by("prompt", "worse", maintain_order=True)).to_series()
    rows = rows[order.to_numpy()]
    return Ranking(rows, group_starts(prompt[rows]), value[rows])


def group_starts(groups: np.ndarray) -> np.ndarray:
    """For each entry of a sorted array the place where its run of equal values begins."""
    is_start = np.ones(len(groups), dtype=bool)
    is_start[1:] = groups[1:] != groups[:-1]
    starts = np.flatnonzero(is_start)
    return np.repeat(starts, np.diff(starts, append=len(groups)))


def chi2_weights(ranking: Ranking, picked: np.ndarray) -> np.ndarray:
    """LARK's chi-square weights of the picks of each prompt, summing to 1 (arXiv 2605.30651).

    `(g_i - g_next) / sum_j (g_j - g_next)`, where `g_next` is the best candidate below the lowest
    pick; uniform when there is none or all are equal.

    Args:
        ranking: The candidates.
        picked: Shape [eligible rows].

    Returns:
        Shape [picks].

    Example: of 5, 4, 2 two are picked: gaps to the third are 3 and 2. Of 7, 6 both are picked.

    >>> ranking = rank_rows(
    ...     np.array([0, 0, 0, 1, 1]), np.array([5.0, 4.0, 2.0, 7.0, 6.0]), np.full(5, True)
    ... )
    >>> chi2_weights(ranking, np.array([True, True, False, True, True])).tolist()
    [0.6, 0.4, 0.5, 0.5]
    """
    places = np.flatnonzero(picked)
    group = _numbered(ranking.start[places])
    last = np.zeros(group.max(initial=-1) + 1, dtype=np.int64)
    last[group] = places
    following = np.minimum(last + 1, len(ranking.rows) - 1)
    is_left_out = (following > last) & (ranking.start[following] == ranking.start[last])
    gap = ranking.value[places] - ranking.value[following][group]
    total = np.bincount(group, gap)[group]
    is_weighted = is_left_out[group] & (total > 0)
    uniform = 1 / np.bincount(group)[group]
    return np.where(is_weighted, gap / np.where(is_weighted, total, 1.0), uniform)


def _numbered(starts: np.ndarray) -> np.ndarray:
    return np.cumsum(np.diff(starts, prepend=starts[:1]) != 0)
