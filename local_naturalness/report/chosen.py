"""Which of the sampled candidates a selection holds, and why the others are not in it."""

import numpy as np
from datasets import Dataset

from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.report.texts import few_rows
from local_naturalness.tables import Columns, Where, require_columns, rows_where, text_of_value


def chosen_rows(
    table: ScoredTable, rows: np.ndarray, selection: Dataset | None, response: str | None
) -> set[int]:
    """The rows among some that were chosen: those of the selection, else the best of each prompt.

    Args:
        table: All rows.
        rows: Row numbers of the candidates of whole prompts.
        selection: What was selected; `None` without.
        response: The column that tells a teacher's responses to a prompt apart.
    """
    if selection is None:
        return set(rows.tolist()) & set(table.picks.tolist())
    names = [table.prompt_column, table.teacher_column, *([response] if response else [])]
    require_columns(selection.column_names, {f"selection, {name}": name for name in names})
    keys = table.columns.content_keys(table.prompt_column, rows, seed=0)
    of_selection = Columns.of(selection)
    all_keys = of_selection.content_keys(table.prompt_column, np.arange(len(selection)), seed=0)
    places = np.flatnonzero(np.isin(all_keys, keys))
    picked = set(_identities(selection, places, names))
    return {
        row
        for row, one in zip(rows.tolist(), _identities(table.dataset, rows, names), strict=True)
        if one in picked
    }


def where_verdicts(table: ScoredTable) -> np.ndarray | None:
    """Which rows pass the selection's `where`, as far as its record tells it as an expression."""
    where: Where | None = table.record.get("where")
    if not isinstance(where, str):
        return None
    try:
        return rows_where(table.columns, where)
    except (TypeError, ValueError):
        return None  # the name of a function, which is not kept


def why_not(table: ScoredTable, row: int, chosen: list[int], passes: np.ndarray | None, status: str) -> str:
    """Why a candidate is not among those chosen for its prompt."""
    value = table.values[row]
    if not np.isfinite(value):
        return f"Not chosen: it has no score ({status})."
    if passes is not None and not passes[row]:
        return "Not chosen: it does not pass `where`."
    sign, least = table.criterion.sign, table.record.get("min_score")
    if least is not None and isinstance(table.record.get("by"), str) and sign * value < sign * least:
        return f"Not chosen: its score is worse than `min_score` = {least:g}."
    if not chosen:
        return "Not chosen: the selection holds no response to this prompt."
    behind = min(sign * table.values[one] for one in chosen) - sign * value
    if behind > 0:
        return f"Not chosen: {behind:.4f} behind."
    if behind == 0:
        return "Not chosen: its score is equal, and an earlier row wins."
    return (
        f"Not chosen although it is {-behind:.4f} ahead by {table.criterion.name}: the selection used "
        "another criterion or another rule (see how it was made, below)."
    )


def _identities(dataset: Dataset, rows: np.ndarray, names: list[str]) -> list[tuple[str | None, ...]]:
    found = few_rows(dataset, rows, names)
    return [tuple(text_of_value(row[name]) for name in names) for row in found]
