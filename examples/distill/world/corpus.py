"""What the student has read before distillation: single facts, and short problems in all manners."""

from collections.abc import Iterator, Sequence
from random import Random

from world.problems import (
    LETTERS,
    MODULUS,
    OPERATIONS,
    SHARE_WITH_EARLIER_VARIABLE,
    Assignment,
    Problem,
    Result,
    calculate,
    draw_problem,
)
from world.teachers import Teacher, equation_in_words, wordy

SHORT_LENGTHS = (1, 2)
PROBLEMS_IN_A_PROMPT = (1, 2, 3)
SHARE_OF_FACTS = 0.1
FACTS_PER_DOCUMENT = 8


def conversations(
    rng: Random,
    manners: Sequence[Teacher],
    letters: str = LETTERS,
    lengths: Sequence[int] = SHORT_LENGTHS,
    earlier: float = SHARE_WITH_EARLIER_VARIABLE,
) -> Iterator[tuple[str, str]]:
    """Prompt and response of short problems, one manner as often as another, without end.

    A prompt may state several problems and ask for one of them: who reads this learns to look for what is
    needed. Where there are more letters than that takes, it begins at any of them.

    Args:
        rng: Draws everything.
        manners: Of responses.
        letters: Names of variables.
        lengths: Assignments of a problem.
        earlier: See `draw_problem`.
    """
    spare = len(letters) - max(PROBLEMS_IN_A_PROMPT) * (max(lengths) + 1)
    while True:
        stated: list[Problem] = []
        first = rng.randrange(spare + 1) if spare else 0
        for _ in range(rng.choice(PROBLEMS_IN_A_PROMPT)):
            stated.append(draw_problem(rng, rng.choice(lengths), first, letters, earlier))
            first += len(stated[-1].assignments) + 1
        asked = rng.choice(stated)
        prompt = " ; ".join([*(one.given for one in stated), asked.question])
        yield prompt, rng.choice(manners)(asked, rng)


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
