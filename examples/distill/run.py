"""Score candidates, rank teachers, select, train a student on every selection, and compare what they can do.

Needs the extras `trl` and `plots` (`pip install 'local_naturalness[trl,plots]'`). With the synthetic task:

    python examples/distill/make_world.py --output distill-output/world
    python examples/distill/run.py examples/distill/experiments/teachers.toml --output distill-output

and with a model and tables of your own (see `harness/reading.py`):

    python examples/distill/run.py my.toml --student Qwen/Qwen2.5-1.5B --candidates candidates.jsonl \
        --questions held_out.jsonl --output results

Finished scores and trainings in the output folder are kept. To continue after an interruption, run the same
command again. With `--no-training`, it makes the tables of what is finished.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset, disable_progress_bars
from harness.answers import check_references
from harness.choices import choices, of_teachers
from harness.experiment import NO_FILTER, Experiment, read_experiment
from harness.machine import machine_table
from harness.markdown import markdown, outcome_tables
from harness.plots import plot_criteria, plot_outcomes
from harness.reading import read_table, trainable
from harness.results import Outcome, outcomes, untrained
from harness.scores import directions, score
from harness.teachers import criteria_against_training, picks_of, rank_by_all
from harness.training import Training
from harness.trainings import Planner, plan_all, train_all

from local_naturalness import Student


def run(experiment: Experiment, output: Path, workers: int, train: bool = True) -> tuple[list[Training], int]:
    """Do the experiment, write and print its tables; returns its trainings, and how many failed.

    The first seeds of all selections are trained before the second ones, so that a run that is stopped has
    something to tell of each.
    """
    student = Student(experiment.student)
    candidates = trainable(read_table(experiment.candidates, ["prompt", "teacher", "response"]))
    questions = read_table(experiment.questions, ["prompt", "reference"])
    check_references(questions["reference"], experiment.answer)
    stores = output / "scores" / student.weights[:12]
    scored = score(candidates, experiment, student, stores, workers)
    planner = Planner(experiment, student.identity, questions, output / "trainings")
    base = planner.plan(None, seed=0)
    planned = plan_all(planner, choices(scored, experiment))
    trainings = [base, *(training for _, training in sorted(planned, key=lambda one: one[0].seed))]
    failures = train_all(trainings, workers) if train else []
    if base.result() is not None:
        found = outcomes(planned, experiment.reference, experiment.best_first)
        print(
            write_results(experiment, scored, [untrained(base, len(questions)), *found], output), flush=True
        )
    else:
        print("No tables: the student has not been evaluated before training.", flush=True)
    return trainings, len(failures)


def write_results(experiment: Experiment, scored: Dataset, found: Sequence[Outcome], output: Path) -> str:
    """`<name>.json`, `.md` and `.svg`, `<name>-picks.md`, and with teachers trained on `<name>-criteria.*`.

    Returns:
        The tables of accuracies.
    """
    path = output / experiment.name
    path.with_suffix(".json").write_text(json.dumps([one.to_json() for one in found], indent=1))
    tables = outcome_tables(found, experiment.reference)
    path.with_suffix(".md").write_text(tables)
    if len(found) > 1:
        plot_outcomes(found, path.with_suffix(".svg"))
    better = directions(experiment)
    path.with_name(f"{path.name}-picks.md").write_text(markdown(picks_of(scored, better)) + "\n")
    trained_on = {(one.filter, one.selection): one.accuracy.mean for one in found}
    where = NO_FILTER if NO_FILTER in experiment.filters else experiment.filters[0]
    accuracies = {
        one.teacher: trained_on[where, one.name]
        for one in of_teachers(scored, experiment.teacher_seeds)
        if (where, one.name) in trained_on
    }
    if len(accuracies) > 1:
        rankings = rank_by_all(scored, better)
        against = criteria_against_training(scored, rankings, better, accuracies)
        path.with_name(f"{path.name}-criteria.md").write_text(markdown(against) + "\n")
        against.to_json(path.with_name(f"{path.name}-criteria.json"), orient="records", indent=1)
        plot_criteria(rankings, against, accuracies, path.with_name(f"{path.name}-criteria.svg"))
    return tables


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiments", nargs="+", type=Path, metavar="FILE", help="configuration files")
    parser.add_argument("--output", type=Path, required=True, metavar="DIR", help="gets all results")
    parser.add_argument("--student", metavar="ID", help="hub id or folder, instead of the file's")
    parser.add_argument("--candidates", metavar="TABLE", help="file, folder or hub id, instead of the file's")
    parser.add_argument("--questions", metavar="TABLE", help="held-out problems, instead of the file's")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="trainings at a time (1)")
    parser.add_argument("--no-training", action="store_true", help="only tables, of what is finished")
    options = parser.parse_args()
    disable_progress_bars()
    options.output.mkdir(parents=True, exist_ok=True)
    given = {name: getattr(options, name) for name in ("student", "candidates", "questions")}
    trainings: list[Training] = []
    failures = 0
    for path in options.experiments:
        experiment = read_experiment(path, **given)
        print(f"{experiment.name}:", flush=True)
        planned, failed = run(experiment, options.output, options.workers, not options.no_training)
        trainings += planned
        failures += failed
        if any(one.result() for one in trainings):
            (options.output / "machine.md").write_text(markdown(machine_table(trainings)) + "\n")
    if failures:
        print(f"{failures} trainings failed; the same command tries them again.", file=sys.stderr)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
