"""Endless seeded problems, parted into those to train on and those kept for the candidates."""

from collections.abc import Iterator
from random import Random
from zlib import crc32

import code_traces
import word_problems
from manners import Manner, lecturer, stepwise, terse, wanderer
from problem import Problem

Message = dict[str, str]

# Number chains count twice: nothing else is as dense in elementary facts.
KINDS = (*word_problems.KINDS, word_problems.number_chain, *code_traces.KINDS)
TRAINING_MANNERS: dict[Manner, int] = {stepwise: 12, lecturer: 3, wanderer: 3, terse: 2}
HELD_OUT_ONE_IN = 20


def is_held_out(prompt: str) -> bool:
    """A property of the text alone, so no seed can bring a candidate's prompt into training."""
    return crc32(prompt.encode()) % HELD_OUT_ONE_IN == 0


def problems(rng: Random, held_out: bool, lengths: range) -> Iterator[Problem]:
    while True:
        problem = rng.choice(KINDS)(rng, rng.choice(lengths))
        if is_held_out(problem.prompt) == held_out:
            yield problem


def conversations(rng: Random) -> Iterator[list[Message]]:
    """A prompt and an answer in one of the manners that make no mistakes."""
    manners, shares = list(TRAINING_MANNERS), list(TRAINING_MANNERS.values())
    for problem in problems(rng, held_out=False, lengths=range(2, 8)):
        (manner,) = rng.choices(manners, shares)
        yield [
            {"role": "user", "content": problem.prompt},
            {"role": "assistant", "content": manner(problem, rng)},
        ]
