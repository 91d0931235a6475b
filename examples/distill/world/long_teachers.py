"""Manners of long reasoning traces: full steps, and beside them what strong teachers do on the way.

They write like that on chains of every length, so that a long manner and a long chain can be told apart.
"""

from random import Random

from world.problems import Problem, Result
from world.teachers import TEACHERS, Teacher, other_value

STEPS_BETWEEN_CHECKS = 3
FAILED_ATTEMPTS = (1, 2)


def restarting(problem: Problem, rng: Random) -> str:
    """Full steps up to some place, then all of them again from the beginning."""
    results = problem.work_out()
    given_up = _steps(problem, results[: rng.randrange(1, len(results) + 1)])
    return _closed(problem, [*given_up, "wait , let us start again", *_steps(problem, results)])


def verifying(problem: Problem, rng: Random) -> str:
    """Full steps; after every three, and at the end, one that is known already is worked out again."""
    results = problem.work_out()
    lines = [f"{problem.first} = {problem.start}"]
    for number, one in enumerate(results, start=1):
        lines.append(_step(one))
        if number % STEPS_BETWEEN_CHECKS == 0 or number == len(results):
            again = rng.choice(results[:number])
            lines.append(f"check {again.assignment.target} , {again.equation} , right")
    return _closed(problem, lines)


def attempting(problem: Problem, rng: Random) -> str:
    """One or two attempts with an error in each, carried through and rejected; then a right one."""
    lines: list[str] = []
    for _ in range(rng.choice(FAILED_ATTEMPTS)):
        results = _with_one_slip(problem, rng)
        lines += [
            *_steps(problem, results),
            f"{results[-1].value} can not be right , another attempt",
        ]
    return _closed(problem, [*lines, *_steps(problem, problem.work_out())])


def _with_one_slip(problem: Problem, rng: Random) -> list[Result]:
    """All steps with an error in one of them that spoils the answer too."""
    while True:
        place, count = rng.randrange(len(problem.assignments)), iter(range(len(problem.assignments)))
        results = problem.work_out(
            lambda value, place=place, count=count: other_value(value, rng) if next(count) == place else value
        )
        if results[-1].value != problem.answer:
            return results


def _steps(problem: Problem, results: list[Result]) -> list[str]:
    return [f"{problem.first} = {problem.start}", *map(_step, results)]


def _step(one: Result) -> str:
    return f"{one.assignment.target} = {one.formula} = {one.equation}"


def _closed(problem: Problem, lines: list[str]) -> str:
    return "\n".join([*lines, f"answer {problem.answer}"])


LONG_TEACHERS: dict[str, Teacher] = {
    "restarting": restarting,
    "verifying": verifying,
    "attempting": attempting,
}
ALL_TEACHERS: dict[str, Teacher] = TEACHERS | LONG_TEACHERS
