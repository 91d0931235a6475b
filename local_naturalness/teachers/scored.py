"""The rows that teachers are ranked by, read from a dataset."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from local_naturalness.criteria import ResolvedCriterion, criterion_values, table_notes
from local_naturalness.tables import Columns, require_columns, require_moderate, verdict_column
from local_naturalness.teachers.cells import Group, cell_means

Numbers = np.ndarray


@dataclass(frozen=True)
class ScoredRows:
    """Rows with a prompt, a teacher and a finite criterion; arrays of shape [rows].

    Args:
        prompt: Prompt numbers.
        teacher: Codes into `names`.
        names: Teachers.
        values: The criterion.
        parts: The parts of a teacher's number (see `GroupValues`).
        tokens: Number of tokens; `None` if the dataset does not have it.
        steps: Number of steps; `None` if the dataset does not have it.
        repeated: Share of tokens in repeated steps; `None` if the dataset does not have it.
        correct: 1.0 for correct, 0.0 for wrong, NaN for unknown; `None` without a verdict column.
        specs: The scorer's specs, if the dataset has them. Versions may differ.
        left_out: What is missing -> number of rows that are left out for that reason.
        unscored: Teachers that have eligible rows, but none that can be used.
        kept: With a `where`: teacher -> rows that pass it, all its rows.
        table_notes: What the table shows about itself.
    """

    prompt: Numbers
    teacher: Numbers
    names: Sequence[str]
    values: Numbers
    parts: Sequence[Numbers]
    tokens: Numbers | None
    steps: Numbers | None
    repeated: Numbers | None
    correct: Numbers | None
    specs: Sequence[str]
    left_out: Mapping[str, int]
    unscored: Sequence[str]
    kept: Mapping[str, tuple[int, int]]
    table_notes: Sequence[str] = ()

    def matrix(self, numbers: Numbers, group: Group) -> np.ndarray:
        """A group's numbers as [prompts, teachers]."""
        return cell_means(numbers, self.prompt, self.teacher, group)

    def num_rows(self, group: Group) -> np.ndarray:
        """How many rows each teacher of a group has."""
        place = np.searchsorted(group.teachers, self.teacher[group.rows])
        return np.bincount(place, minlength=len(group.teachers))


def read_scored(
    columns: Columns,
    criterion: ResolvedCriterion,
    prompt_column: str,
    teacher_column: str,
    passes: np.ndarray | None = None,
    correct: str | None = None,
) -> ScoredRows:
    """Read the rows for a ranking, and leave out those that cannot be used.

    Args:
        columns: The dataset.
        criterion: Not "random".
        prompt_column: Where the prompts are.
        teacher_column: Where the teachers are.
        passes: Which rows are eligible, shape [rows]; `None` for all.
        correct: The verdict column, if the user named one.

    Raises:
        ValueError: A column is missing or no row is left.
    """
    require_columns(columns.names, {"prompt_column": prompt_column, "teacher_column": teacher_column})
    prompt = columns.prompt_codes(prompt_column)
    teacher, names = columns.labels(teacher_column)
    eligible = np.ones(len(prompt), dtype=bool) if passes is None else passes
    values = criterion_values(columns, criterion, prompt, eligible & (prompt >= 0) & (teacher >= 0))
    parts = _parts(columns, criterion, values)
    for part in parts:
        require_moderate(part[np.isfinite(part)], criterion.name, "averaged")
    keep = np.all(np.isfinite([values, *parts]), axis=0)
    if not keep.any():
        if passes is not None and not passes.any():
            raise ValueError(f"No row passes `where`: none of {len(passes)}. There is nothing to rank.")
        among = "" if passes is None else f" among the {passes.sum()} of {len(passes)} that pass `where`"
        raise ValueError(
            f"No row{among} has a prompt, a teacher and a finite {criterion.name!r}: there is nothing to "
            "rank. The scorer's status column says why rows have no score."
        )
    of_all, of_eligible, of_scored = (
        np.bincount(teacher[rows & (teacher >= 0)], minlength=len(names))
        for rows in (np.ones_like(eligible), eligible, keep)
    )
    verdict = verdict_column(columns, correct)

    def optional(base: str, read: Callable[[str], np.ndarray]) -> np.ndarray | None:
        found = next((name for name in (base + criterion.suffix, base) if name in columns.names), None)
        return None if found is None else read(found)[keep]

    return ScoredRows(
        prompt=prompt[keep],
        teacher=teacher[keep],
        names=names,
        values=values[keep],
        parts=[part[keep] for part in parts],
        tokens=optional("num_tokens", columns.counts),
        steps=optional("num_steps", columns.counts),
        repeated=optional("repeated_step_share", columns.numbers),
        correct=None if verdict is None else columns.numbers(verdict)[keep],
        specs=columns.distinct(column) if (column := criterion.spec_column) in columns.names else [],
        left_out=_left_out(prompt, teacher, keep, eligible),
        unscored=[
            name for name, has, scored in zip(names, of_eligible, of_scored, strict=True) if has > scored == 0
        ],
        kept={}
        if passes is None
        else {
            name: (int(some), int(total))
            for name, some, total in zip(names, of_eligible, of_all, strict=True)
            if total
        },
        table_notes=table_notes(columns),
    )


def _left_out(
    prompt: np.ndarray, teacher: np.ndarray, keep: np.ndarray, eligible: np.ndarray
) -> dict[str, int]:
    lacking = {
        "a prompt": prompt < 0,
        "a teacher": (prompt >= 0) & (teacher < 0),
        "a valid score": ~keep & (prompt >= 0) & (teacher >= 0),
    }
    return {what: int(n) for what, rows in lacking.items() if (n := (rows & eligible).sum())}


def _parts(columns: Columns, criterion: ResolvedCriterion, values: np.ndarray) -> Sequence[np.ndarray]:
    names = [name + criterion.suffix for name in ("mean_clipped_rank", "global_naturalness")]
    if criterion.base != "rank_surprisal_ratio" or not set(names) <= set(columns.names):
        return [values]
    clipped_rank, naturalness = (columns.numbers(name) for name in names)
    return [np.where(np.isnan(values), np.nan, part) for part in (clipped_rank, -naturalness)]
