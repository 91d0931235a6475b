"""Candidates of a prompt that have the same text."""

import numpy as np
import polars as pl

from local_naturalness.selection.candidates import Ranking, group_starts
from local_naturalness.tables import Columns


def repeats_better_one(columns: Columns, ranking: Ranking, response_column: str) -> np.ndarray:
    """Whether a better candidate of the same prompt has the same text, up to white space.

    Args:
        columns: The dataset.
        ranking: The candidates, best first within their prompts.
        response_column: Where their texts are. Empty texts and nulls are never the same.

    Returns:
        Shape [eligible rows].
    """
    ends = pl.DataFrame(
        {"start": ranking.start, "text": columns.text_hashes(response_column, ranking.rows, ends_only=True)}
    )
    # Few candidates of a prompt begin and end alike: only these are read in full.
    alike = ends.select(pl.struct("start", "text").is_duplicated() & pl.col("text").is_not_null())
    places = np.flatnonzero(alike.to_series().to_numpy())
    texts = pl.DataFrame(
        {
            "start": ranking.start[places],
            "text": columns.text_hashes(response_column, ranking.rows[places]),
        }
    )
    is_first = texts.select(pl.struct("start", "text").is_first_distinct()).to_series().to_numpy()
    repeats = np.zeros(len(ranking.rows), dtype=bool)
    repeats[places[~is_first]] = True
    return repeats


def without(ranking: Ranking, dropped: np.ndarray) -> Ranking:
    """The ranking without some candidates.

    Args:
        ranking: The candidates.
        dropped: Shape [eligible rows].
    """
    # Places where prompts begin move; which rows stand together does not.
    return Ranking(ranking.rows[~dropped], group_starts(ranking.start[~dropped]), ranking.value[~dropped])


def count_ties(ranking: Ranking, picked: np.ndarray) -> int:
    """The number of prompts for which the order of rows decided between the lowest pick and an equal
    candidate.

    Args:
        ranking: The candidates.
        picked: Shape [eligible rows]: the first ones of each prompt.

    Example: of 2, 2 and of 3, 1 the first is picked.

    >>> from local_naturalness.selection.candidates import rank_rows
    >>> ranking = rank_rows(np.array([0, 0, 1, 1]), np.array([2.0, 2.0, 3.0, 1.0]), np.full(4, True))
    >>> count_ties(ranking, np.array([True, False, True, False]))
    1
    """
    is_border = picked[:-1] & ~picked[1:] & (ranking.start[:-1] == ranking.start[1:])
    return int(np.count_nonzero(is_border & (ranking.value[:-1] == ranking.value[1:])))
