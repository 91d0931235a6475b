"""Write the candidate answers that ship with local_naturalness: many prompts, five teachers.

Example:
    python examples/embedded/make_candidates.py --prompts 10 --output /tmp/candidates
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from random import Random

from corpus import problems
from manners import Manner, careless, lecturer, stated_answer, stepwise, terse, wanderer
from problem import Problem, work_out

PACKAGE_FOLDER = Path(__file__).parents[2] / "local_naturalness" / "embedded"
TEACHERS: dict[str, Manner] = {
    "terse": terse,
    "stepwise": stepwise,
    "lecturer": lecturer,
    "wanderer": wanderer,
    "careless": careless,
}
SHARE_MISSING = 0.03
HARD_ONE_IN = 12
ROUNDS_WHEN_HARD = 4

Row = dict[str, str | bool]


def candidates(seed: int, prompts: int) -> Iterator[Row]:
    """Every twelfth prompt is harder, and the wanderer goes over those again and again."""
    rng = Random(seed)
    usual = problems(rng, held_out=True, lengths=range(3, 9))
    harder = problems(rng, held_out=True, lengths=range(9, 12))
    for number in range(prompts):
        hard = number % HARD_ONE_IN == HARD_ONE_IN - 1
        problem = next(harder if hard else usual)
        for teacher, manner in TEACHERS.items():
            response = manner(problem, rng)
            if hard and teacher == "wanderer":
                response = wanderer(problem, rng, rounds=ROUNDS_WHEN_HARD)
            if rng.random() >= SHARE_MISSING:
                yield _row(f"{problem.domain}-{number:03}", problem, teacher, response)


def _row(prompt_id: str, problem: Problem, teacher: str, response: str) -> Row:
    right = work_out(problem.given, problem.steps)[-1].value
    return {
        "prompt_id": prompt_id,
        "prompt": problem.prompt,
        "teacher": teacher,
        "response": response,
        "is_correct": stated_answer(response) == right,
        "domain": problem.domain,
    }


def write_candidates(output: Path, seed: int, prompts: int) -> None:
    lines = [json.dumps(row) + "\n" for row in candidates(seed, prompts)]
    output.mkdir(parents=True, exist_ok=True)
    (output / "candidates.jsonl").write_text("".join(lines), encoding="utf-8", newline="\n")


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=PACKAGE_FOLDER, help="gets the file")
    parser.add_argument("--seed", type=int, default=0, help="of problems and answers (0)")
    parser.add_argument("--prompts", type=int, default=40, help="number of prompts (40)")
    return parser.parse_args()


if __name__ == "__main__":
    arguments = parse_arguments()
    write_candidates(arguments.output, arguments.seed, arguments.prompts)
