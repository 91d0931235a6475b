"""Rows of bare equations, the densest way to learn the facts that all steps rely on."""

from random import Random

from problem import OPERATIONS

EQUATIONS = 30
JOINTS = (", then ", ". ", ".\n")


def drill(rng: Random) -> str:
    return rng.choice(JOINTS).join(_equation(rng) for _ in range(EQUATIONS)) + "."


def _equation(rng: Random) -> str:
    symbol, right = rng.choice("+-*/"), rng.randint(1, 9)
    left = rng.randint(1, 9)
    if symbol == "/":
        left *= right
    elif symbol in "+-" and rng.random() < 0.4:
        left, right = rng.randint(10, 99), rng.randint(2, 40)
    if symbol == "-" and left < right:
        left, right = right, left
    return f"{left} {symbol} {right} = {OPERATIONS[symbol](left, right)}"
