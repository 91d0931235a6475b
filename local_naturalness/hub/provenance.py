"""All facts about a selection for its card, from its columns and its record."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from local_naturalness.criteria.known import spec_columns
from local_naturalness.hub.records import Record, joined_record
from local_naturalness.spec import same_settings, student_of
from local_naturalness.tables import Columns, grouping_column, verdict_column

QUANTILES = {
    "minimum": 0.0,
    "5 %": 0.05,
    "25 %": 0.25,
    "median": 0.5,
    "75 %": 0.75,
    "95 %": 0.95,
    "maximum": 1.0,
}


@dataclass(frozen=True)
class Provenance:
    """Where a selection comes from.

    Args:
        prompt_column: The column that identifies prompts.
        rows: Number of rows by split.
        num_prompts: Distinct prompts in the selection; `None` without a prompt column.
        record: The record of `select_responses`; `None` if it was lost.
        specs: Spec column -> what it says about the scorer.
        statuses: Spec column -> scoring status -> number of selected rows.
        score_quantiles: Name in `QUANTILES` -> `selection_score`, in units of the criterion.
        teacher_shares: Teacher -> share of the selection, largest first; `None` without teachers.
        teacher_means: "score", and where known "accuracy" and "repeated_step_share" -> teacher -> mean over
            its rows of the selection.
    """

    prompt_column: str
    rows: Mapping[str, int]
    num_prompts: int | None
    record: Record | None
    specs: Mapping[str, str]
    statuses: Mapping[str, Mapping[str, int]]
    score_quantiles: Mapping[str, float]
    teacher_shares: Mapping[str, float] | None
    teacher_means: Mapping[str, Mapping[str, float]]

    @property
    def students(self) -> list[str]:
        """Names of the students that scored the rows."""
        return [student_of(spec)[0] for spec in self.specs.values()]


def gather(
    splits: Mapping[str, Dataset], prompt_column: str | None, teacher_column: str | None
) -> Provenance:
    """Read a selection's provenance.

    Args:
        splits: Split name -> rows that `select_responses` returned.
        prompt_column: Used if the selection has no record of the column it was grouped by.
        teacher_column: `None` means the one the selection was made with, else "teacher".

    Raises:
        ValueError: A split is empty or not a selection, or rows come from different rankings.
    """
    tables = {split: Columns.of(dataset) for split, dataset in splits.items()}
    for split, table in tables.items():
        _check_split(split, table)
    record = joined_record(splits)
    columns = next(iter(tables.values())).names
    prompt_column = (record or {}).get("prompt_column") or grouping_column(columns, prompt_column)
    teacher_column = teacher_column or (record or {}).get("teacher_column", "teacher")
    specs = _specs(tables, record)
    scores = np.concatenate([table.numbers("selection_score") for table in tables.values()])
    return Provenance(
        prompt_column=prompt_column,
        rows={split: len(table) for split, table in tables.items()},
        num_prompts=_num_prompts(tables, prompt_column),
        record=record,
        specs=specs,
        statuses={column: _counted(tables, column.replace("_spec", "_status", 1)) for column in specs},
        score_quantiles={name: float(np.quantile(scores, share)) for name, share in QUANTILES.items()},
        teacher_shares=_shares(_counted(tables, teacher_column)),
        teacher_means=_teacher_means(tables, teacher_column, (record or {}).get("traits", {})),
    )


def _check_split(split: str, table: Columns) -> None:
    if not len(table):
        raise ValueError(
            f"The selection has no rows in split {split!r}, so there is nothing to push. Relax "
            "`k`, `where` or `min_score` in `select_responses`, or leave the split out."
        )
    if "selection_score" not in table.names:
        raise ValueError(
            f"Column 'selection_score' is needed in split {split!r} but not there; "
            f"found: {table.names}. Push what `select_responses` returned."
        )


def _specs(tables: Mapping[str, Columns], record: Record | None) -> dict[str, str]:
    """The specs of the criterion's scorers, which must be the same in every row."""
    if record and "specs" in record:
        specs = {column: spec for column, spec in record["specs"].items() if spec}
    else:
        columns = next(iter(tables.values())).names
        specs = dict.fromkeys(spec_columns(columns), "")
    for column in specs:
        parts = [table for table in tables.values() if column in table.names]
        found = [spec for table in parts for spec in table.distinct(column)]
        for other in found:
            if not same_settings(found[0], other):
                raise ValueError(
                    f"The selection mixes rankings: column {column!r} holds {found[0]!r} and {other!r}, "
                    "whose scores are not comparable. Push them to repositories of their own, or score "
                    "all candidates with one setting and select again."
                )
        if found:
            specs[column] = found[0]
    return {column: spec for column, spec in specs.items() if spec}


def _num_prompts(tables: Mapping[str, Columns], prompt_column: str) -> int | None:
    if any(prompt_column not in table.names for table in tables.values()):
        return None
    return sum(int(table.prompt_codes(prompt_column).max()) + 1 for table in tables.values())


def _counted(tables: Mapping[str, Columns], column: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for table in tables.values():
        if column in table.names:
            codes, labels = table.labels(column)
            numbers = np.bincount(codes[codes >= 0], minlength=len(labels))
            counts.update({label: int(n) for label, n in zip(labels, numbers, strict=True) if n})
    return counts


def _teacher_means(
    tables: Mapping[str, Columns], teacher_column: str, traits: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, float]]:
    """Means of the selection by teacher, over all splits that have the column."""

    def column_of(trait: str, table: Columns) -> str | None:
        if trait == "score":
            return "selection_score"
        noted = traits.get(trait, {}).get("column")
        if trait == "accuracy":
            return noted if noted in table.names else verdict_column(table, None)
        return next((name for name in (noted, trait) if name in table.names), None)

    means: dict[str, dict[str, float]] = {}
    for trait in ("score", "accuracy", "repeated_step_share"):
        values: dict[str, list[np.ndarray]] = {}
        for table in tables.values():
            column = column_of(trait, table)
            if column is None or teacher_column not in table.names:
                continue
            codes, names = table.labels(teacher_column)
            numbers = table.numbers(column)
            for code, name in enumerate(names):
                values.setdefault(name, []).append(numbers[(codes == code) & np.isfinite(numbers)])
        joined = {name: np.concatenate(parts) for name, parts in values.items()}
        found = {name: float(numbers.mean()) for name, numbers in joined.items() if len(numbers)}
        if found:
            means[trait] = found
    return means


def _shares(counts: Counter[str]) -> dict[str, float] | None:
    total = counts.total()
    return {name: number / total for name, number in counts.most_common()} or None
