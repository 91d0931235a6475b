"""Teachers of the miniature world: each turns a problem into a response in a manner of its own.

Every response ends with the same line, so that manners differ in the reasoning and not in how an answer is
read.
"""

from collections.abc import Callable, Iterable, Mapping
from random import Random

from world.problems import MODULUS, Problem, Result

Teacher = Callable[[Problem, Random], str]

NUMBER_WORDS = "zero one two three four five six".split()
OPERATION_WORDS = {"+": "plus", "-": "minus", "*": "times"}
SHARE_OF_SLIPS = 0.15
SHARE_OF_FALSE_STARTS = 0.5


def stepwise(problem: Problem, rng: Random) -> str:
    """Full steps: formula, numbers, value."""
    return _in_full(problem, problem.work_out())


def careless(problem: Problem, rng: Random) -> str:
    """Full steps, some of them wrong, and later ones build on those."""
    return _in_full(
        problem,
        problem.work_out(lambda value: other_value(value, rng) if rng.random() < SHARE_OF_SLIPS else value),
    )


def terse(problem: Problem, rng: Random) -> str:
    """Results only."""
    return _lines(problem, [f"{one.assignment.target} = {one.value}" for one in problem.work_out()])


def direct(problem: Problem, rng: Random) -> str:
    """The answer only."""
    return _lines(problem, [])


def recapitulating(problem: Problem, rng: Random) -> str:
    """Full steps, each after everything that is known so far."""
    known, lines = [f"{problem.first} = {problem.start}"], []
    for one in problem.work_out():
        lines.append(" ; ".join([*known, f"{one.assignment.target} = {one.formula} = {one.equation}"]))
        known.append(f"{one.assignment.target} = {one.value}")
    return _lines(problem, lines)


def hesitating(problem: Problem, rng: Random) -> str:
    """Full steps, half of them wrong at first and taken back in the next line."""
    lines = [f"{problem.first} = {problem.start}"]
    for one in problem.work_out():
        step = f"{one.assignment.target} = {one.formula} = "
        if rng.random() < SHARE_OF_FALSE_STARTS:
            wrong = f"{one.left} {one.assignment.symbol} {one.right} = {other_value(one.value, rng)}"
            lines += [f"{step}{wrong}", f"wait , no , {one.equation}"]
        else:
            lines.append(f"{step}{one.equation}")
    return _lines(problem, lines)


def wordy(problem: Problem, rng: Random) -> str:
    """Full steps in words instead of digits and signs."""
    lines = [f"{problem.first} is {NUMBER_WORDS[problem.start]}"]
    for one in problem.work_out():
        lines.append(f"{one.assignment.target} is {equation_in_words(one)}")
    return _lines(problem, lines)


def backward(problem: Problem, rng: Random) -> str:
    """What is needed, from the question back to the start; then the numbers."""
    results = problem.work_out()
    lines = [f"for {one.assignment.target} we need {one.formula}" for one in reversed(results)]
    lines.append(f"{problem.first} = {problem.start}")
    lines += [f"{one.assignment.target} = {one.equation}" for one in results]
    return _lines(problem, lines)


def lecturing(problem: Problem, rng: Random) -> str:
    """Full steps wrapped into sentences that are the same every time."""
    lines = [f"let us begin with what is given , namely that {problem.first} is equal to {problem.start}"]
    for one in problem.work_out():
        lines.append(
            f"in the next step we look at {one.assignment.target} , which is defined as {one.formula} , "
            f"and so we find that {one.equation}"
        )
    return _lines(problem, lines)


def equation_in_words(one: Result) -> str:
    left, right, value = (NUMBER_WORDS[number] for number in (one.left, one.right, one.value))
    return f"{left} {OPERATION_WORDS[one.assignment.symbol]} {right} makes {value}"


def _in_full(problem: Problem, results: list[Result]) -> str:
    lines = [f"{problem.first} = {problem.start}"]
    lines += [f"{one.assignment.target} = {one.formula} = {one.equation}" for one in results]
    return "\n".join([*lines, f"answer {results[-1].value}"])


def _lines(problem: Problem, lines: list[str]) -> str:
    return "\n".join([*lines, f"answer {problem.answer}"])


def other_value(value: int, rng: Random) -> int:
    """Any value but this one."""
    return (value + rng.randrange(1, MODULUS)) % MODULUS


TEACHERS: dict[str, Teacher] = {
    "stepwise": stepwise,
    "terse": terse,
    "direct": direct,
    "recapitulating": recapitulating,
    "hesitating": hesitating,
    "wordy": wordy,
    "backward": backward,
    "lecturing": lecturing,
    "careless": careless,
}


def manners_of(names: Iterable[str], teachers: Mapping[str, Teacher] = TEACHERS) -> list[Teacher]:
    """What a student has to read to know the manners of these teachers.

    The careless one writes as the stepwise one does, and its errors would only blur the facts.
    """
    return [teachers[name] for name in dict.fromkeys(_MANNER.get(name, name) for name in names)]


_MANNER = {"careless": "stepwise"}
