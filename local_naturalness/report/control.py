"""The chosen responses compared with random responses of the same teachers."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from datasets import Dataset

from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.tables import Columns
from local_naturalness.tables.text import number_text


def chosen_beside_random(table: ScoredTable, selection: Dataset | None) -> pd.DataFrame:
    """Means of the chosen, of random picks with the same teacher shares, and of all candidates.

    The second is the mean over each teacher's candidates, weighted by its share of the chosen: what
    random picks are on average, without their noise. It separates the choice of responses from the choice of
    teachers.

    Args:
        table: All rows.
        selection: What was selected; `None` without.

    Returns:
        Texts; rows "chosen", "random, same teachers", "all candidates".
    """
    rows = np.flatnonzero(table.is_scored & (table.teacher >= 0) & (table.prompt >= 0))
    teachers, numbers = _chosen(table, selection)
    shares = np.bincount(teachers[teachers >= 0], minlength=len(table.teachers))
    shown = {"responses": [f"{len(teachers):,}", "", f"{len(rows):,}"]}
    for name, (of_table, as_share) in _measures(table).items():
        three = [_mean(numbers.get(name)), _by_shares(of_table, table.teacher, rows, shares)]
        places = 0 if name == "tokens" else 4
        shown[name] = [number_text(value, places, as_share) for value in (*three, _mean(of_table[rows]))]
    return pd.DataFrame(shown, index=["chosen", "random, same teachers", "all candidates"])


def _measures(table: ScoredTable) -> dict[str, tuple[np.ndarray, bool]]:
    """The measures: for each name, one number per row, and whether it is a share."""
    found = {table.criterion.name: (table.values, False)}
    if table.other is not None:
        found[table.other.name] = (table.other_values, False)
    if np.isfinite(table.tokens).any():
        found["tokens"] = (table.tokens, False)
    if table.correct is not None:
        found["correct"] = (table.correct, True)
    return found


def _chosen(table: ScoredTable, selection: Dataset | None) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The teachers of the chosen rows, and their measures by name, if they are known."""
    if selection is None:
        rows = table.picks[table.picks >= 0]
        return table.teacher[rows], {name: one[rows] for name, (one, _) in _measures(table).items()}
    columns = Columns.of(selection)
    codes, names = columns.labels(table.teacher_column)
    place = {name: code for code, name in enumerate(table.teachers)}
    teachers = np.array([*(place.get(name, -1) for name in names), -1], dtype=np.int64)[codes]
    stored = {"tokens": table.tokens_column, "correct": table.correct_column}
    sources = {name: stored.get(name, name) for name in _measures(table)}
    return teachers, {name: columns.numbers(one) for name, one in sources.items() if one in columns.names}


def _by_shares(of_table: np.ndarray, teacher: np.ndarray, rows: np.ndarray, shares: np.ndarray) -> float:
    known = rows[np.isfinite(of_table[rows])]
    count = np.bincount(teacher[known], minlength=len(shares))
    total = np.bincount(teacher[known], of_table[known], minlength=len(shares))
    has = (count > 0) & (shares > 0)
    return float(np.average(total[has] / count[has], weights=shares[has])) if has.any() else np.nan


def _mean(numbers: np.ndarray | Sequence[float] | None) -> float:
    known = np.asarray([] if numbers is None else numbers, dtype=float)
    known = known[np.isfinite(known)]
    return float(known.mean()) if len(known) else np.nan
