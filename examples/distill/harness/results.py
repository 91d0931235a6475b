"""What came out of an experiment: one record per selection and filter."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from harness.certainty import Bootstrap, Interval
from harness.choices import Choice
from harness.experiment import NO_FILTER, Selection
from harness.training import Training

UNTRAINED = "(untrained student)"


@dataclass(frozen=True)
class Outcome:
    """A selection's students, over all seeds that are finished.

    Args:
        selection, filter: See `Choice`.
        accuracy: Share of the questions answered rightly.
        accuracies: The same of each training, in the order of `folders`.
        against_reference: Difference of the accuracy to that of the reference selection, if there is one.
        seeds: Number of finished trainings.
        rows: Rows trained on.
        share_right: Share of the rows whose answer is right, if that is known.
        tokens_per_response: Of the rows, in the student's tokens.
        tokens: Seen in one training, prompts included.
        cut_off: Share of the students' answers that ended at `max_new_tokens`.
        teachers: Share of each teacher among the rows.
        folders: Of the trainings.
    """

    selection: str
    filter: str
    accuracy: Interval
    accuracies: list[float]
    against_reference: Interval | None
    seeds: int
    rows: float
    share_right: float | None
    tokens_per_response: float | None
    tokens: float
    cut_off: float
    teachers: dict[str, float]
    folders: list[str]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def untrained(training: Training, num_questions: int) -> Outcome:
    """The student before any training."""
    result = training.result()
    return Outcome(
        selection=UNTRAINED,
        filter=NO_FILTER,
        accuracy=Bootstrap(num_questions).accuracy([result["correct"]]),
        accuracies=[result["accuracy"]],
        against_reference=None,
        seeds=1,
        rows=0,
        share_right=None,
        tokens_per_response=0,
        tokens=0,
        cut_off=result["cut_off"],
        teachers={},
        folders=[_name(training)],
    )


def outcomes(
    planned: Sequence[tuple[Choice, Training]], reference: str | None, best_first: bool = True
) -> list[Outcome]:
    """The selections with a finished training, those of a filter together; each has the seeds that it has."""
    groups: dict[tuple[str, str], list[tuple[Choice, Training]]] = {}
    for choice, training in planned:
        if training.result() is not None:
            groups.setdefault((choice.filter, choice.selection.name), []).append((choice, training))
    found = [_outcome(members, groups.get((where, reference))) for (where, _), members in groups.items()]
    filters = list(dict.fromkeys(where for where, _ in groups))
    return sorted(found, key=lambda one: (filters.index(one.filter), -one.accuracy.mean if best_first else 0))


def _outcome(
    members: Sequence[tuple[Choice, Training]], reference: Sequence[tuple[Choice, Training]] | None
) -> Outcome:
    results = [training.result() for _, training in members]
    correct = [result["correct"] for result in results]
    bootstrap = Bootstrap(len(correct[0]))
    against = None
    if reference is not None and reference is not members:
        against = bootstrap.difference(correct, [training.result()["correct"] for _, training in reference])
    rows = [choice.rows for choice, _ in members]
    chosen: Selection = members[0][0].selection
    teachers = np.concatenate([one["teacher"][:] for one in rows])
    names, counts = np.unique(teachers, return_counts=True)
    known = "is_correct" in rows[0].column_names
    return Outcome(
        selection=chosen.name,
        filter=members[0][0].filter,
        accuracy=bootstrap.accuracy(correct),
        accuracies=[result["accuracy"] for result in results],
        against_reference=against,
        seeds=len(members),
        rows=float(np.mean([len(one) for one in rows])),
        share_right=_mean_of_known(rows, "is_correct") if known else None,
        tokens_per_response=_mean_of_known(rows, "num_tokens"),
        tokens=float(np.mean([result["tokens"] for result in results])),
        cut_off=float(np.mean([result["cut_off"] for result in results])),
        teachers=dict(zip(names.tolist(), (counts / counts.sum()).tolist(), strict=True)),
        folders=[_name(training) for _, training in members],
    )


def _mean_of_known(rows: Sequence[Dataset], column: str) -> float | None:
    """Mean over the values that are not null; None without any."""
    known = [value for one in rows for value in one[column] if value is not None]
    return float(np.mean(known)) if known else None


def _name(training: Training) -> str:
    return f"{training.folder.parent.name}/{training.folder.name}"
