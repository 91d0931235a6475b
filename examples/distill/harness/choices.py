"""The selections of an experiment, as rows to train on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from datasets import Dataset

from harness.experiment import NO_FILTER, Experiment, Selection
from local_naturalness import select_responses


@dataclass(frozen=True)
class Choice:
    """What one training is given.

    Args:
        selection: How the rows were chosen.
        filter: The bool column that all of them have to pass, or "none".
        seed: Of the training, and of the choice if it is random.
        rows: Scored candidates.
    """

    selection: Selection
    filter: str
    seed: int
    rows: Dataset


def choices(
    scored: Dataset, experiment: Experiment, report: Callable[[str], None] = print
) -> Iterator[Choice]:
    """Every selection of an experiment, under every filter and for every seed; empty ones are reported.

    What imitates the teacher shares of a random selection imitates those of its seed 0.
    """
    named = {one.name: one for one in experiment.selections}
    for where in experiment.filters:
        for selection in [*experiment.selections, *of_teachers(scored, experiment.teacher_seeds)]:
            matched = choose(scored, named[selection.match], where, 0) if selection.match else None
            for seed in range(selection.seeds):
                rows = choose(scored, selection, where, seed, matched)
                if not len(rows):
                    report(f"{selection.name}, filter {where}: no rows are left, nothing is trained.")
                    break
                yield Choice(selection, where, seed, rows)


def of_teachers(scored: Dataset, seeds: int) -> list[Selection]:
    """A selection for each teacher alone, in order of first appearance; none without seeds."""
    teachers = scored.unique("teacher") if seeds else []
    return [Selection(f"teacher {name}", teacher=name, seeds=seeds) for name in teachers]


def choose(
    scored: Dataset, selection: Selection, where: str, seed: int, match: Dataset | None = None
) -> Dataset:
    """The rows of one selection, none if there is nothing to imitate."""
    if match is not None and not len(match):
        return scored.select([])
    if selection.teacher is not None:
        teachers = scored["teacher"][:]
        scored = scored.select([row for row, name in enumerate(teachers) if name == selection.teacher])
        if len(scored.unique("prompt")) == len(scored):  # nothing to choose between
            selection = replace(selection, k="all")
    return select_responses(
        scored,
        by=selection.by,
        mode=selection.mode,
        direction=selection.direction,
        k=None if selection.k == "all" else selection.k,
        where=None if where == NO_FILTER else where,
        match=match,
        seed=seed,
    )
