"""Which of the sampled candidates a selection holds, and why the others are not in it."""

import numpy as np
from datasets import ClassLabel, Dataset, Value

from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.report.texts import few_rows
from local_naturalness.selection.choosing import OUTPUT_COLUMNS
from local_naturalness.tables import Columns, text_of_value


def chosen_rows(
    table: ScoredTable, rows: np.ndarray, selection: Dataset | None, response: str | None
) -> set[int]:
    """The rows among some that were chosen: those of the selection, else the best of each prompt.

    Args:
        table: All rows.
        rows: Row numbers of the candidates of whole prompts.
        selection: What was selected; `None` without.
        response: The column that distinguishes a teacher's responses to the same prompt.
    """
    if selection is None:
        return set(rows.tolist()) & set(table.picks.tolist())
    names = _identifying(table, selection, response)
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


def _identifying(table: ScoredTable, selection: Dataset, response: str | None) -> list[str]:
    """Columns of both tables that identify rows, the column of prompts first.

    An export for trainers has no responses under their old name, and may end conversations earlier: its rows
    are identified by all other columns, such as teacher, score and number of tokens.

    Raises:
        ValueError: the selection does not identify prompts as the table does.
    """
    ours, theirs = table.dataset.features, selection.features
    prompt, teacher = table.prompt_column, table.teacher_column
    if prompt not in theirs or _is_nested(theirs[prompt]) != _is_nested(ours[prompt]):
        raise ValueError(
            "The rows of the selection cannot be found in the table, because the selection does not "
            f"identify prompts by a column {prompt!r} of the same type. Pass a selection that `select` "
            "wrote from this table. If the table has no column `prompt_key`, which scorers write, select "
            "with `--export none`."
        )
    if response is not None and {response, teacher} <= set(theirs) and not _is_nested(theirs[response]):
        return [prompt, teacher, response]
    others = set(ours) & set(theirs) - {prompt, *OUTPUT_COLUMNS}
    is_plain = {name: not _is_nested(ours[name]) and not _is_nested(theirs[name]) for name in others}
    return [prompt, *sorted(name for name in others if is_plain[name])]


def _is_nested(feature: object) -> bool:
    return not isinstance(feature, Value | ClassLabel)


def why_not(table: ScoredTable, row: int, chosen: list[int], status: str) -> str:
    """Why a candidate is not among those chosen for its prompt."""
    value, passes = table.values[row], table.counted.of_selection
    if passes is not None and not passes[row]:
        return "Not chosen: it does not pass `where`."
    if not np.isfinite(value):
        return f"Not chosen: it has no score ({status})."
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
        "another criterion or another rule (see below how it was made)."
    )


def _identities(dataset: Dataset, rows: np.ndarray, names: list[str]) -> list[tuple[str | None, ...]]:
    found = few_rows(dataset, rows, names)
    return [tuple(text_of_value(row[name]) for name in names) for row in found]
