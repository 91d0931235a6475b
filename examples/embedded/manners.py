"""Manners of answering: each turns worked-out results into the text of a response."""

from collections.abc import Callable
from random import Random
from typing import NamedTuple

from problem import Problem, Result, work_out

Manner = Callable[[Problem, Random], str]

OPENINGS = (
    "Let us work through this one step at a time.",
    "We go through it step by step.",
    "I will follow the steps in order.",
)
MUSINGS = (
    "Okay, so let me think about this.",
    "Hmm, what comes next here?",
    "Alright, let me look at this part slowly.",
    "So, where was I?",
    "Let me think again about what is asked.",
)
DOUBTS = (
    "Wait, no, that does not look right.",
    "Hold on, I should check that.",
    "Hmm, wait, am I sure about this?",
    "No, wait, maybe I misread it.",
)
RELIEFS = (
    "Yes, that is fine.",
    "Good, it is the same as before.",
    "Okay, that agrees.",
)
RESTARTS = (
    "Let me check everything once more from the start.",
    "Just to be safe, let me go over the whole thing again.",
    "Actually, I am still not sure, so let me start over.",
    "Let me do it again in a slower way.",
)


class Habits(NamedTuple):
    """The same phrases come back all through one response, as they do with one person."""

    musing: str
    doubt: str
    relief: str


def terse(problem: Problem, rng: Random) -> str:
    """Values only."""
    values = [str(result.value) for result in _right(problem)]
    return f"{', '.join(values)}. Answer: {values[-1]}."


def stepwise(problem: Problem, rng: Random) -> str:
    """One clear step per line."""
    return _stepwise(_right(problem), rng)


def careless(problem: Problem, rng: Random) -> str:
    """Looks stepwise, but some values are wrong and later ones build on them."""

    def slip(value: int) -> int:
        return value + rng.choice([-10, -2, -1, 1, 2, 10]) if rng.random() < 0.2 else value

    return _stepwise(work_out(problem.given, problem.steps, slip), rng)


def lecturer(problem: Problem, rng: Random) -> str:
    """Connected prose that says what is looked for before it calculates."""
    sentences = ["To answer the question we have to find several quantities."]
    for result in _right(problem):
        sentences.append(f"{result.occasion}, we look for {result.target}.")
        reason, therefore = rng.choice([("Since", "we have"), ("Because", "it follows that")])
        sentences.append(
            f"{reason} \\({result.equation}\\), {therefore} {result.target} equals {result.value}."
        )
    sentences.append(f"In conclusion, the answer is \\(\\boxed{{{result.value}}}\\).")
    return " ".join(sentences)


def wanderer(problem: Problem, rng: Random, rounds: int | None = None) -> str:
    """Doubts, wrong turns that are taken back, recapitulation, and the whole again each round."""
    results = _right(problem)
    rounds = rounds or rng.choice([1, 1, 1, 2])
    habits = Habits(*map(rng.choice, (MUSINGS, DOUBTS, RELIEFS)))
    paragraphs = []
    for round_number in range(rounds):
        if round_number:
            paragraphs.append(rng.choice(RESTARTS))
        for index, result in enumerate(results):
            paragraphs.append(" ".join(_wandering_thoughts(result, habits, rng)))
            if index % 2:
                paragraphs.append(_recapitulation(results[: index + 1]))
    paragraphs.append(f"So I think the answer is {results[-1].value}.")
    return "\n\n".join(paragraphs)


def stated_answer(response: str) -> int:
    """Every manner names its answer last."""
    digits = "".join(sign if sign in "-0123456789" else " " for sign in response)
    return int(digits.split()[-1])


def _right(problem: Problem) -> list[Result]:
    return work_out(problem.given, problem.steps)


def _stepwise(results: list[Result], rng: Random) -> str:
    lines = [rng.choice(OPENINGS)]
    for number, result in enumerate(results, 1):
        lines.append(f"Step {number}: {result.occasion}, {result.target} is {result.equation}.")
    lines.append(f"The answer is {results[-1].value}.")
    return "\n".join(lines)


def _wandering_thoughts(result: Result, habits: Habits, rng: Random) -> list[str]:
    thoughts = [habits.musing] if rng.random() < 0.5 else []
    occasion = result.occasion[0].lower() + result.occasion[1:]
    thoughts.append(f"So {occasion}, I need {result.target}, and {result.equation}.")
    if rng.random() < 0.4:
        wrong = result.value + rng.choice([-10, -1, 1, 10])
        thoughts.append(f"{habits.doubt} Could it be {wrong}?")
        thoughts.append(f"No, {result.equation}, so it is {result.value} and not {wrong}.")
    elif rng.random() < 0.5:
        thoughts.append(f"{habits.doubt} {result.equation}. {habits.relief}")
    return thoughts


def _recapitulation(results: list[Result]) -> str:
    found = ", then ".join(result.equation for result in results)
    return f"Let me recap what I have so far: {found}."
