"""Does global naturalness get worse with longer responses? The synthetic task with chains of three lengths.

    python examples/distill/lengths.py --output distill-output/lengths

One student learns facts and problems of one or two assignments in twelve styles, among them those of long
traces: restarts, checks of earlier steps, failed attempts. Every teacher then trains it on chains of 4 to 8,
of 10 to 16 and of 20 to 32 assignments. Needs the extras `trl` and `plots`. What is finished in the output
folder is kept: the same command goes on where it was stopped.

The number of optimiser steps is fixed for each length before any other teacher is trained on: the least of
`MAX_STEPS` with which the student of the teacher `stepwise` answers half of the questions, with a seed that
nothing else uses; the largest if none does.
"""

import argparse
import dataclasses
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from datasets import disable_progress_bars
from harness.choices import choose
from harness.experiment import NO_FILTER, Experiment, Selection, read_experiment
from harness.lengths import plot_lengths, table_of_criteria, table_of_teachers
from harness.markdown import markdown
from harness.reading import read_table, trainable
from harness.trainings import Planner, train_all
from make_world import candidates, problems, write_lines
from run import run
from world.long_teachers import ALL_TEACHERS
from world.problems import MANY_LETTERS
from world.student import Pretraining, make_student
from world.teachers import manners_of
from world.tokenizer import num_tokens

from local_naturalness import Student

EXPERIMENT = Path(__file__).parent / "experiments" / "lengths.toml"
MAX_STEPS = (15, 30, 60, 120, 240, 480)
ENOUGH = 0.5
SEED_OF_STEPS = 100
# Students of this size do not learn in time to look up the value of a variable several lines back.
EARLIER = 0.0
PRETRAINING = Pretraining(
    letters=MANY_LETTERS,
    lengths=(1, 2, 3),
    earlier=EARLIER,
    context=3072,
    long_share=0.005,
    documents_per_step=16,
    muon=True,
)


@dataclass(frozen=True)
class Size:
    """How large everything is.

    Args:
        lengths: Name -> assignments of a problem.
        teachers: Names.
        prompts: Problems to train on, of each length.
        questions: Held-out problems by length; answers to the longest take most of the time.
        pretraining, width: Steps, and hidden size of the student.
        max_steps: Numbers of optimiser steps to choose from.
        seeds: Trainings on each teacher.
        pretraining_seed: Of the student: another seed, another student.
    """

    lengths: Mapping[str, range]
    teachers: tuple[str, ...] = tuple(ALL_TEACHERS)
    prompts: int = 200
    questions: tuple[int, ...] = (200, 200, 100)
    pretraining: int = 3000
    width: int = 128
    max_steps: tuple[int, ...] = MAX_STEPS
    seeds: int = 1
    pretraining_seed: int = 0

    @property
    def name(self) -> str:
        """Of the tables: students have tables of their own."""
        return f"lengths-student-{self.pretraining_seed + 1}" if self.pretraining_seed else "lengths"


FULL = Size({"4 to 8": range(4, 9), "10 to 16": range(10, 17), "20 to 32": range(20, 33)})
REDUCED = Size(
    {"2": range(2, 3), "3": range(3, 4)},
    teachers=("stepwise", "terse", "attempting"),
    prompts=8,
    questions=(4, 4),
    pretraining=20,
    width=32,
    max_steps=(2,),
)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="trainings at a time (1)")
    parser.add_argument("--scale", type=int, default=1, metavar="N", help="N times the prompts (1)")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="trainings on each teacher (1)")
    parser.add_argument(
        "--steps", type=int, metavar="N", help="optimiser steps, instead of those that teach half"
    )
    parser.add_argument("--pretraining-seed", type=int, default=0, metavar="N", help="of the student (0)")
    parser.add_argument("--width", type=int, help="hidden size of the student (128)")
    parser.add_argument("--reduced", action="store_true", help="tiny, to see that it works")
    options = parser.parse_args()
    disable_progress_bars()
    size = REDUCED if options.reduced else FULL
    size = dataclasses.replace(
        size,
        prompts=options.scale * size.prompts,
        width=options.width or size.width,
        seeds=options.seeds,
        pretraining_seed=options.pretraining_seed,
    )
    student = _student(options.output, size)
    finished: dict[str, Path] = {}
    for length, experiment in _experiments(options.output, student, size):
        steps = options.steps or _steps(experiment, options.output, size.max_steps)
        print(f"Chains of {length} assignments, {steps} optimiser steps for each teacher:", flush=True)
        trained = dataclasses.replace(experiment, training={**experiment.training, "max_steps": steps})
        run(trained, options.output, options.workers)
        finished[length] = options.output / experiment.name
        report(finished, options.output, size.name)


def report(results: Mapping[str, Path], output: Path, name: str) -> None:
    """Tables and figure over the lengths that are finished.

    Args:
        results: Length -> path of an experiment's results without ending, as `run.py` writes them.
        output: Gets `<name>-criteria.md`, `<name>-teachers.md` and `<name>-criteria.svg`.
        name: See `Size.name`.
    """
    criteria = {length: _read(path, "-criteria.json") for length, path in results.items()}
    outcomes = {length: _read(path, ".json") for length, path in results.items()}
    (output / f"{name}-criteria.md").write_text(markdown(table_of_criteria(criteria)) + "\n")
    (output / f"{name}-teachers.md").write_text(markdown(table_of_teachers(outcomes)) + "\n")
    plot_lengths(criteria, output / f"{name}-criteria.svg")


def _read(path: Path, ending: str) -> list[dict]:
    return json.loads(path.with_name(path.name + ending).read_text(encoding="utf-8"))


def _student(output: Path, size: Size) -> Path:
    """One for all lengths, so that length is all that differs."""
    folder = output / "student"
    if not (folder / "model.safetensors").exists():
        torch.set_num_threads(1)  # another number of threads, other weights
        manners = manners_of(size.teachers, ALL_TEACHERS)
        loss = make_student(folder, manners, size.pretraining_seed, size.pretraining, size.width, PRETRAINING)
        print(f"mean loss of the student's pretraining {loss:.3f} nats per token", flush=True)
    return folder


def _experiments(output: Path, student: Path, size: Size) -> Iterator[tuple[str, Experiment]]:
    known: set[str] = set()
    for number, (length, assignments) in enumerate(size.lengths.items()):
        folder = output / f"length-{number}"
        folder.mkdir(parents=True, exist_ok=True)
        training = problems(2 * number, size.prompts, known, assignments, MANY_LETTERS, EARLIER)
        held_out = problems(2 * number + 1, size.questions[number], known, assignments, MANY_LETTERS, EARLIER)
        rows = list(candidates(training, list(size.teachers), number))
        write_lines(folder / "candidates.jsonl", rows)
        answers = ({"prompt": one.prompt, "reference": str(one.answer)} for one in held_out)
        write_lines(folder / "questions.jsonl", answers)
        experiment = read_experiment(
            EXPERIMENT,
            name=folder.name,
            student=str(student),
            candidates=str(folder / "candidates.jsonl"),
            questions=str(folder / "questions.jsonl"),
            teacher_seeds=size.seeds,
        )
        # Who has not finished when the longest candidate has is going in circles.
        longest = max(num_tokens(row["response"]) for row in rows)
        generation = {**experiment.generation, "max_new_tokens": longest + 1}
        yield length, dataclasses.replace(experiment, generation=generation)


def _steps(experiment: Experiment, output: Path, numbers: Iterable[int]) -> int:
    """The number of optimiser steps, from the `stepwise` teacher alone."""
    rows = trainable(read_table(experiment.candidates, ["prompt", "teacher", "response"]))
    chosen = choose(rows, Selection("stepwise", teacher="stepwise"), NO_FILTER, 0)
    questions = read_table(experiment.questions, ["prompt", "reference"])
    for steps in numbers:
        tried = dataclasses.replace(experiment, training={**experiment.training, "max_steps": steps})
        planner = Planner(tried, Student(tried.student).identity, questions, output / "trainings")
        training = planner.plan(chosen, SEED_OF_STEPS)
        for _, error in train_all([training], 1):
            raise error
        accuracy = training.result()["accuracy"]
        print(f"{steps} optimiser steps: accuracy {accuracy:.3f} after training on stepwise", flush=True)
        if accuracy >= ENOUGH:
            break
    return steps


if __name__ == "__main__":
    main()
