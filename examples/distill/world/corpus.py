"""What the student has read before distillation: single facts, and short problems in all manners."""

from collections.abc import Iterator, Sequence
from random import Random

from world.problems import MODULUS, OPERATIONS, Assignment, Result, calculate, draw_problem
from world.teachers import Teacher, equation_in_words, wordy

SHORT_LENGTHS = (1, 2)
SHARE_OF_FACTS = 0.3
FACTS_PER_DOCUMENT = 8


def conversations(rng: Random, manners: Sequence[Teacher]) -> Iterator[tuple[str, str]]:
    """Prompt and response of short problems, one manner as often as another, without end."""
    while True:
        problem = draw_problem(rng, rng.choice(SHORT_LENGTHS))
        yield problem.prompt, rng.choice(manners)(problem, rng)


def facts(rng: Random, manners: Sequence[Teacher]) -> Iterator[str]:
    """Rows of single equations, in digits and, if a manner has them, in words, without end."""
    notations = [lambda fact: fact.equation]
    if wordy in manners:
        notations.insert(0, equation_in_words)
    while True:
        write = rng.choice(notations)
        yield "\n".join(write(_fact(rng)) for _ in range(FACTS_PER_DOCUMENT))


def _fact(rng: Random) -> Result:
    left, right, symbol = rng.randrange(MODULUS), rng.randrange(MODULUS), rng.choice(list(OPERATIONS))
    return Result(Assignment("", "", symbol, right), left, right, calculate(left, symbol, right))
