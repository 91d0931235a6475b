"""`compare_criteria`: what each criterion would choose from a dataset."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from datasets import Dataset

from local_naturalness.comparison.agreement import best_rows, mean_tau, pick_overlap
from local_naturalness.comparison.outcomes import relate_to_outcomes
from local_naturalness.comparison.result import CriteriaComparison
from local_naturalness.comparison.summary import COUNTS, summarize
from local_naturalness.counted import counted
from local_naturalness.criteria import (
    CRITERIA,
    ResolvedCriterion,
    criterion_values,
    has_enough_rows,
    resolve_criterion,
    table_notes,
)
from local_naturalness.criteria.casl import FEWEST_ROWS
from local_naturalness.criteria.known import suffixes_of
from local_naturalness.selection.random_scores import random_scores
from local_naturalness.tables import (
    Columns,
    Where,
    eligible_rows,
    grouping_column,
    require_columns,
    require_dataset,
    verdict_column,
)


def compare_criteria(
    dataset: Dataset,
    criteria: Sequence[str] | Mapping[str, str] | None = None,
    *,
    outcomes: Mapping[str, float] | None = None,
    where: Where | None = None,
    correct: str | None = None,
    prompt_column: str | None = None,
    teacher_column: str = "teacher",
    response_column: str = "response",
    seed: int = 0,
) -> CriteriaComparison:
    """Show which responses each criterion would choose, and how far the criteria agree.

    Compare `local_naturalness`, `global_naturalness_by_step` and `global_naturalness` to separate the effect
    of windows from that of equal weights for all steps.

    Args:
        dataset: Scored rows.
        criteria: Names as for `select_responses`, or a dict of names and directions. `None` takes every known
            criterion that the columns allow (with or without a scorer's suffix), `num_tokens` (the longest
            response) and `random`.
        outcomes: A dict from teachers to the accuracy of the student after training on them.
        where: Which rows to use: a column of bools or of 0 and 1, an SQL expression, or a function of a row.
        correct: The column that says which responses are correct, to show the accuracy of the picks. By
            default, it is `is_correct` or `correct`, if there is one.
        prompt_column: The column that identifies prompts: strings, message lists or ids. `None` is
            `prompt_key`, which scorers write, or `prompt` if there is none.
        teacher_column: The column of the teachers' names.
        response_column: Read for `random` if a teacher has several rows for a prompt.
        seed: Seed of `random`.

    Returns:
        A `CriteriaComparison`.

    Raises:
        ValueError: A column is missing, a criterion is unknown, or no row is left.
        TypeError: `dataset` is not a `Dataset`, or a column is of the wrong type.

    Example: the two criteria pick the same response to the first prompt, but not to the second.

    >>> from datasets import Dataset
    >>> from local_naturalness import compare_criteria
    >>> comparison = compare_criteria(Dataset.from_dict({
    ...     "prompt": ["p", "p", "q", "q"],
    ...     "teacher": ["a", "b", "a", "b"],
    ...     "local_naturalness": [-0.9, -0.4, -0.6, -0.2],
    ...     "global_naturalness": [-0.8, -0.5, -0.3, -0.7],
    ... }), ["local_naturalness", "global_naturalness"])
    >>> comparison.overlap.loc["local_naturalness", "global_naturalness"]
    np.float64(0.5)
    >>> comparison.teacher_shares.loc["global_naturalness"].tolist()
    [0.5, 0.5]
    """
    require_dataset(dataset, "compare_criteria")
    columns = Columns.of(dataset)
    prompt_column = grouping_column(columns.names, prompt_column)
    require_columns(columns.names, {"prompt_column": prompt_column, "teacher_column": teacher_column})
    resolved = _resolve(criteria, columns.names)
    prompt = columns.prompt_codes(prompt_column)
    teacher, teachers = columns.labels(teacher_column)
    is_complete = (prompt >= 0) & (teacher >= 0)
    passes = eligible_rows(dataset, columns, where)
    rows = np.flatnonzero(is_complete if passes is None else is_complete & passes)
    if not len(rows):
        if passes is not None and not passes.any():
            raise ValueError(f"No row passes `where`: none of {len(passes)}. There is nothing to compare.")
        among = "" if passes is None else f" among the {passes.sum()} of {len(passes)} that pass `where`"
        raise ValueError(f"No row{among} has a prompt and a teacher: there is nothing to compare.")
    is_candidate = np.isin(np.arange(len(prompt)), rows, assume_unique=True)
    unsound = [] if criteria else [one for one in resolved if not has_enough_rows(columns, one, is_candidate)]
    resolved = [criterion for criterion in resolved if criterion not in unsound]
    labels = [criterion.name for criterion in resolved]
    values = np.empty((len(resolved), len(rows)))
    for place, criterion in enumerate(resolved):
        if criterion.kind == "random":
            of_rows = random_scores(columns, prompt, prompt_column, teacher_column, response_column, seed)
        else:
            of_rows = criterion_values(columns, criterion, prompt, is_candidate)
            if criterion.name in COUNTS:  # no row without a score is a very short response
                of_rows = np.where(of_rows == 0, np.nan, of_rows)
        values[place] = criterion.sign * of_rows[rows]
    picks = best_rows(values, prompt[rows])
    shares = [
        np.bincount(teacher[rows][of_one[of_one >= 0]], minlength=len(teachers))
        / max(int(np.count_nonzero(of_one >= 0)), 1)
        for of_one in picks
    ]
    summary = summarize(columns, resolved, picks, rows, verdict_column(columns, correct))
    notes = [*table_notes(columns), *_notes(labels, np.isfinite(values), int((~is_complete).sum()))]
    notes += [
        f"{criterion.name} is left out: its regression needs {FEWEST_ROWS} rows or more. To see it anyway, "
        "name it in `criteria`."
        for criterion in unsound
    ]
    if passes is not None:
        notes.insert(0, f"`where` keeps {passes.sum()} of {counted(len(passes), 'row')}.")
    teacher_means = None
    if outcomes is not None:
        # Teachers that are numbers in the dataset are known by their names, too.
        outcomes = {str(name): outcome for name, outcome in outcomes.items()}
        known = [one for one, of_rows in zip(resolved, values, strict=True) if np.isfinite(of_rows).any()]
        related, teacher_means, limits = relate_to_outcomes(
            columns, known, outcomes, prompt_column, teacher_column, passes
        )
        summary = summary.merge(related, on="criterion", how="left")
        notes += limits
    return CriteriaComparison(
        picks=summary,
        tau=pd.DataFrame(mean_tau(values, prompt[rows]), labels, labels),
        overlap=pd.DataFrame(pick_overlap(picks), labels, labels),
        teacher_shares=pd.DataFrame(np.array(shares), labels, teachers),
        notes=notes,
        teacher_means=teacher_means,
    )


def _resolve(
    criteria: Sequence[str] | Mapping[str, str] | None, columns: list[str]
) -> list[ResolvedCriterion]:
    if isinstance(criteria, str):
        raise TypeError(f"`criteria` must be a list of names, got {criteria!r}: pass [{criteria!r}].")
    if criteria is None:
        criteria = available_criteria(columns)
        if not criteria:
            raise ValueError(
                f"The dataset has no column of a known criterion; found: {columns}. Score the rows first "
                "with `dataset.map(LocalScorer(...), batched=True)`, or name columns with `criteria=...`."
            )
        criteria = [*criteria, *(["num_tokens"] if "num_tokens" in columns else []), "random"]
    if not criteria:
        raise ValueError("`criteria` must name at least one criterion, found none.")
    directions = criteria if isinstance(criteria, Mapping) else {"num_tokens": "high"}
    return [resolve_criterion(name, columns, directions, "criteria") for name in dict.fromkeys(criteria)]


def available_criteria(columns: Sequence[str]) -> list[str]:
    """The known criteria that are among the columns or can be computed from them, with their suffixes."""
    suffixes = {"", *suffixes_of(columns)}
    return [
        name + suffix
        for name, criterion in CRITERIA.items()
        for suffix in sorted(suffixes)
        if name + suffix in columns
        or (criterion.inputs and {part + suffix for part in criterion.inputs} <= set(columns))
    ]


def _notes(labels: list[str], has_value: np.ndarray, num_left_out: int) -> list[str]:
    notes = []
    if num_left_out:
        notes.append(
            f"Left out because the prompt or the teacher is missing: {counted(num_left_out, 'row')}."
        )
    if (has_value != has_value[0]).any():
        numbers = ", ".join(
            f"{label} {number}" for label, number in zip(labels, has_value.sum(axis=1), strict=True)
        )
        notes.append(
            f"The criteria have values for different numbers of the {counted(has_value.shape[1], 'row')}: "
            f"{numbers}. Their picks may differ for that reason alone. For a fair comparison, keep only "
            "rows in which all criteria have a value."
        )
    return notes
