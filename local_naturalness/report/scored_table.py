"""The few numbers of a scored table that a page is made of."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from local_naturalness.comparison.agreement import best_rows
from local_naturalness.criteria import CRITERIA, ResolvedCriterion, criterion_values, resolve_criterion
from local_naturalness.hub.safe_text import public_text
from local_naturalness.selection.record import read_record
from local_naturalness.tables import Columns, grouping_column, require_columns, verdict_column


@dataclass(frozen=True)
class ScoredTable:
    """A scored dataset by numbers; arrays of shape [rows].

    Args:
        dataset: All rows, of which few are ever read whole.
        columns: Its columns.
        criterion: What the page is about.
        other: Another criterion to set beside it, where there is one.
        record: What the selection noted; empty where nothing is known.
        prompt_column: What tells prompts apart.
        prompt: Prompt numbers, -1 for none.
        teacher: Codes into `teachers`, -1 for none.
        teachers: Names as the table has them.
        shown_names: The same without folders, tokens and controls; different names stay different.
        values: The criterion, NaN for none.
        other_values: The other criterion, NaN for none.
        tokens: Number of tokens, NaN where not known.
        correct: 1.0, 0.0 or NaN; `None` without such a column.
    """

    dataset: Dataset
    columns: Columns
    criterion: ResolvedCriterion
    other: ResolvedCriterion | None
    record: dict[str, Any]
    prompt_column: str
    prompt: np.ndarray
    teacher: np.ndarray
    teachers: list[str]
    shown_names: list[str]
    values: np.ndarray
    other_values: np.ndarray
    tokens: np.ndarray
    correct: np.ndarray | None

    @classmethod
    def of(
        cls, dataset: Dataset, selection: Dataset | None, prompt_column: str | None, teacher_column: str
    ) -> "ScoredTable":
        """Read the numbers; texts and steps stay where they are.

        Raises:
            ValueError: a column is missing, or no criterion is there.
        """
        columns = Columns.of(dataset)
        record = (read_record(selection) or {}) if selection is not None else {}
        prompt_column = grouping_column(columns.names, prompt_column)
        require_columns(columns.names, {"prompt_column": prompt_column, "teacher_column": teacher_column})
        criterion, other = _criteria(columns.names, record)
        prompt = columns.prompt_codes(prompt_column)
        teacher, teachers = columns.labels(teacher_column)
        is_candidate = (prompt >= 0) & (teacher >= 0)
        nothing = np.full(len(prompt), np.nan)
        lengths = f"num_tokens{criterion.suffix}"
        verdict = verdict_column(columns, None)
        return cls(
            dataset=dataset,
            columns=columns,
            criterion=criterion,
            other=other,
            record=record,
            prompt_column=prompt_column,
            prompt=prompt,
            teacher=teacher,
            teachers=teachers,
            shown_names=_shown(teachers),
            values=criterion_values(columns, criterion, prompt, is_candidate),
            other_values=nothing if other is None else criterion_values(columns, other, prompt, is_candidate),
            tokens=columns.numbers(lengths) if lengths in columns.names else nothing,
            correct=None if verdict is None else columns.numbers(verdict),
        )

    def picks(self) -> np.ndarray:
        """The row that each of the two criteria picks for each prompt, shape [2, prompts], -1 for none."""
        signs = self.criterion.sign, self.other.sign if self.other else 1.0
        both = [sign * values for sign, values in zip(signs, (self.values, self.other_values), strict=True)]
        rows = np.flatnonzero(self.prompt >= 0)
        picks = best_rows(np.array([values[rows] for values in both]), self.prompt[rows])
        return np.where(picks >= 0, rows[picks], -1)

    def name_of(self, row: int) -> str:
        """The teacher of a row, fit to be shown."""
        code = self.teacher[row]
        return self.shown_names[code] if code >= 0 else "no teacher"


def _shown(names: list[str]) -> list[str]:
    """Names fit to be shown, numbered where they would become alike."""
    shown: list[str] = []
    for name in names:
        short = public_text(name) or "(no name)"
        number = sum(one == short or one.startswith(f"{short} #") for one in shown)
        shown.append(f"{short} #{number + 1}" if number else short)
    return shown


def _criteria(names: list[str], record: dict[str, Any]) -> tuple[ResolvedCriterion, ResolvedCriterion | None]:
    """What the selection was made by, else the first that is there; and the next."""
    by = record.get("by")
    directions = record.get("directions", {})
    wanted = [by] if isinstance(by, str) and by != "random" else []
    found = [name for name in names if any(name.startswith(base) for base in CRITERIA)]
    found.sort(key=lambda name: next((i for i, base in enumerate(CRITERIA) if name == base), len(CRITERIA)))
    resolved = []
    for name in dict.fromkeys([*wanted, *found]):
        try:
            resolved.append(resolve_criterion(name, names, directions))
        except ValueError:
            continue  # such as a status column, whose name begins in the same way
    if not resolved:
        raise ValueError(
            f"No known criterion is there: found {names}. Score the rows first with "
            "`dataset.map(LocalScorer(...), batched=True)`."
        )
    first = resolved[0]
    # Of two scorers with suffixes the same criterion is of interest; else what a full prefix says.
    others = [one for one in resolved[1:] if one.base in ("local_naturalness", "global_naturalness")]
    return first, next(iter([*others, *resolved[1:]]), None)
