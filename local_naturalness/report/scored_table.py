"""The numbers of a scored table that a page is made of."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from datasets import Dataset

from local_naturalness.comparison.compare import available_criteria
from local_naturalness.criteria import (
    ResolvedCriterion,
    criterion_values,
    has_enough_rows,
    resolve_criterion,
)
from local_naturalness.hub.redaction import public_text
from local_naturalness.report.counted_rows import CountedRows
from local_naturalness.selection.candidates import Ranking, rank_rows
from local_naturalness.selection.record import read_record
from local_naturalness.tables import (
    Columns,
    Where,
    grouping_column,
    require_columns,
    verdict_column,
)
from local_naturalness.teachers.text import NO_NAME


@dataclass(frozen=True)
class ScoredTable:
    """The numbers of a scored dataset; arrays of shape [rows].

    Args:
        dataset: All rows; only few of them are read with their texts.
        columns: Its columns.
        criterion: The criterion that the page is about.
        other: A second criterion to compare with, if there is one.
        criteria: All that are compared, by name, with their directions.
        record: The record of the selection; empty if there is none.
        counted: The rows that count everywhere but in the traces, which show all candidates.
        prompt_column: The column that identifies prompts.
        teacher_column: The column of teachers.
        prompt: Prompt numbers, -1 for none.
        teacher: Codes into `teachers`, -1 for none.
        teachers: Names as the table has them.
        shown_names: The names without folders, access tokens and control characters. Different names stay
            different.
        values: The criterion, NaN for none.
        other_values: The other criterion, NaN for none.
        tokens: Number of tokens, NaN where not known.
        tokens_column: Where they are.
        correct: 1.0, 0.0 or NaN; `None` without such a column.
        correct_column: Its name.
    """

    dataset: Dataset
    columns: Columns
    criterion: ResolvedCriterion
    other: ResolvedCriterion | None
    criteria: dict[str, str]
    record: dict[str, Any]
    counted: CountedRows
    prompt_column: str
    teacher_column: str
    prompt: np.ndarray
    teacher: np.ndarray
    teachers: list[str]
    shown_names: list[str]
    values: np.ndarray
    other_values: np.ndarray
    tokens: np.ndarray
    tokens_column: str
    correct: np.ndarray | None
    correct_column: str | None

    @classmethod
    def of(
        cls,
        dataset: Dataset,
        selection: Dataset | None,
        prompt_column: str | None,
        teacher_column: str,
        where: Where | None = None,
        correct: str | None = None,
    ) -> "ScoredTable":
        """Read the numbers, but not the texts and steps.

        Raises:
            ValueError: a column is missing, or there is no criterion.
            TypeError: `where` or `correct` does not give bools.
        """
        columns = Columns.of(dataset)
        record = (read_record(selection) or {}) if selection is not None else {}
        prompt_column = grouping_column(columns.names, prompt_column)
        require_columns(columns.names, {"prompt_column": prompt_column, "teacher_column": teacher_column})
        prompt = columns.prompt_codes(prompt_column)
        teacher, teachers = columns.labels(teacher_column)
        is_candidate = (prompt >= 0) & (teacher >= 0)
        counted = CountedRows.of(dataset, columns, record, where)
        counts = is_candidate if counted.passes is None else is_candidate & counted.passes
        criterion, other, criteria = _criteria(columns, record, counts)
        nothing = np.full(len(prompt), np.nan)
        lengths = f"num_tokens{criterion.suffix}"
        verdict = verdict_column(columns, correct)
        return cls(
            dataset=dataset,
            columns=columns,
            criterion=criterion,
            other=other,
            criteria=criteria,
            record=record,
            counted=counted,
            prompt_column=prompt_column,
            teacher_column=teacher_column,
            prompt=prompt,
            teacher=teacher,
            teachers=teachers,
            shown_names=_shown(teachers),
            values=_values(columns, criterion, prompt, is_candidate, counted),
            other_values=nothing if other is None else _values(columns, other, prompt, is_candidate, counted),
            tokens=columns.counts(lengths) if lengths in columns.names else nothing,
            tokens_column=lengths,
            correct=None if verdict is None else columns.numbers(verdict),
            correct_column=verdict,
        )

    @cached_property
    def is_counted(self) -> np.ndarray:
        """Whether each row counts, shape [rows]."""
        passes = self.counted.passes
        return np.ones(len(self.prompt), dtype=bool) if passes is None else passes

    @cached_property
    def is_scored(self) -> np.ndarray:
        """Whether each row counts and has a score, shape [rows]."""
        return self.is_counted & np.isfinite(self.values)

    @cached_property
    def ranking(self) -> Ranking:
        """The rows that count and have a score, prompt by prompt, best first."""
        return self._ranked(self.criterion.sign * self.values)

    @cached_property
    def picks(self) -> np.ndarray:
        """The best row of each prompt, shape [prompts], -1 for none."""
        return self.ranking.picks(self.prompt)

    @cached_property
    def other_picks(self) -> np.ndarray:
        """What the other criterion picks for each prompt, shape [prompts], -1 for none."""
        sign = self.other.sign if self.other else 1.0
        return self._ranked(sign * self.other_values).picks(self.prompt)

    def _ranked(self, better: np.ndarray) -> Ranking:
        return rank_rows(self.prompt, better, self.is_counted & (self.prompt >= 0) & np.isfinite(better))

    @property
    def status_column(self) -> str:
        """The status column of the criterion's scorer, which the table may lack."""
        return self.criterion.status_column or ""

    def name_of(self, row: int) -> str:
        """The name of a row's teacher, safe to show."""
        code = self.teacher[row]
        return self.shown_names[code] if code >= 0 else "no teacher"


def _values(
    columns: Columns,
    criterion: ResolvedCriterion,
    prompt: np.ndarray,
    is_candidate: np.ndarray,
    counted: CountedRows,
) -> np.ndarray:
    """Scores of all rows. A formula that spans rows only uses the rows that count."""
    if criterion.kind != "column" and counted.passes is not None:
        is_candidate = is_candidate & counted.passes
    return criterion_values(columns, criterion, prompt, is_candidate)


def _shown(names: list[str]) -> list[str]:
    """Names that are safe to show, numbered if they would become equal."""
    shown: dict[str, None] = {}
    times: Counter[str] = Counter()
    for name in names:
        new = short = public_text(name) or NO_NAME
        while new in shown:
            times[short] += 1
            new = f"{short} #{times[short] + 1}"
        shown[new] = None
    return list(shown)


def _criteria(
    columns: Columns, record: dict[str, Any], counts: np.ndarray
) -> tuple[ResolvedCriterion, ResolvedCriterion | None, dict[str, str]]:
    """The criterion of the selection, or the first in the table; a second one; and all of them."""
    by, names = record.get("by"), columns.names
    directions = record.get("directions", {})
    resolved = []
    for name in dict.fromkeys([*([by] if isinstance(by, str) else []), *available_criteria(names)]):
        try:
            resolved.append(resolve_criterion(name, names, directions))
        except ValueError:
            continue  # what the selection was made by need not be in this table
    resolved = [
        one
        for one in resolved
        if one.kind != "random" and (one.name == by or has_enough_rows(columns, one, counts))
    ]
    if not resolved:
        raise ValueError(
            f"The dataset has no column of a known criterion; found: {names}. Score the rows first with "
            "`dataset.map(LocalScorer(...), batched=True)`."
        )
    first = resolved[0]
    # Of two scorers with suffixes the same criterion is of interest; else what a full prefix says.
    others = [one for one in resolved[1:] if one.base in ("local_naturalness", "global_naturalness")]
    other = next(iter([*others, *resolved[1:]]), None)
    return first, other, {one.name: one.direction for one in resolved}
