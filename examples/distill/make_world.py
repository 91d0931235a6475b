"""Write the synthetic task: `candidates.jsonl`, `questions.jsonl` and a pretrained `student/`.

Example:
    python examples/distill/make_world.py --output distill-output/world
"""

import argparse
import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import torch
from harness.answers import is_right
from world.long_teachers import ALL_TEACHERS
from world.problems import LETTERS, SHARE_WITH_EARLIER_VARIABLE, Problem, draw_problem
from world.student import make_student
from world.teachers import TEACHERS, manners_of

LONG_LENGTHS = range(4, 9)


def problems(
    seed: int,
    count: int,
    known: set[str],
    lengths: range,
    letters: str = LETTERS,
    earlier: float = SHARE_WITH_EARLIER_VARIABLE,
) -> list[Problem]:
    """Problems that are not among the known prompts, which they join."""
    rng, found = Random(seed), []
    while len(found) < count:
        problem = draw_problem(rng, rng.choice(lengths), letters=letters, earlier=earlier)
        if problem.prompt not in known:
            known.add(problem.prompt)
            found.append(problem)
    return found


def candidates(chosen: list[Problem], teachers: list[str], seed: int) -> Iterator[dict[str, str | bool]]:
    """The response of every teacher to every problem."""
    rng = Random(seed)
    for number, problem in enumerate(chosen):
        for name in teachers:
            response = ALL_TEACHERS[name](problem, rng)
            yield {
                "prompt_id": f"chain-{number:04}",
                "prompt": problem.prompt,
                "teacher": name,
                "response": response,
                "is_correct": is_right(response, str(problem.answer), "final_number"),
            }


def write_lines(path: Path, rows: Iterable[dict]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8", newline="\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True, metavar="DIR")
    parser.add_argument("--seed", type=int, default=0, help="of problems, answers and student (0)")
    parser.add_argument("--prompts", type=int, default=400, help="problems to train on (400)")
    parser.add_argument("--questions", type=int, default=400, help="held-out problems (400)")
    parser.add_argument("--teachers", nargs="+", choices=TEACHERS, default=list(TEACHERS), help="(all)")
    parser.add_argument("--steps", type=int, default=5000, help="of the student's pretraining (5000)")
    parser.add_argument("--width", type=int, default=128, help="hidden size of the student (128)")
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    torch.set_num_threads(1)  # another number of threads, other weights
    arguments.output.mkdir(parents=True, exist_ok=True)
    known: set[str] = set()
    training = problems(arguments.seed, arguments.prompts, known, LONG_LENGTHS)
    held_out = problems(arguments.seed + 1, arguments.questions, known, LONG_LENGTHS)
    write_lines(
        arguments.output / "candidates.jsonl", candidates(training, arguments.teachers, arguments.seed)
    )
    write_lines(
        arguments.output / "questions.jsonl",
        ({"prompt": one.prompt, "reference": str(one.answer)} for one in held_out),
    )
    loss = make_student(
        arguments.output / "student",
        manners_of(arguments.teachers),
        arguments.seed,
        arguments.steps,
        arguments.width,
    )
    print(f"{arguments.output}: mean loss of the student's pretraining {loss:.3f} nats per token")


if __name__ == "__main__":
    main()
