"""A problem is a text to read and a list of calculations that leads to its answer."""

import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
}


@dataclass(frozen=True)
class Step:
    """One calculation; an operand is a number or the name of something known by then."""

    occasion: str
    target: str
    left: int | str
    symbol: str
    right: int | str


@dataclass(frozen=True)
class Problem:
    prompt: str
    domain: str
    given: dict[str, int]
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Result:
    """A calculation that has been carried out, rightly or wrongly."""

    occasion: str
    target: str
    expression: str
    value: int

    @property
    def equation(self) -> str:
        return f"{self.expression} = {self.value}"


def work_out(
    given: Mapping[str, int],
    steps: Iterable[Step],
    slip: Callable[[int], int] = lambda value: value,
) -> list[Result]:
    """Carry out all steps; `slip` may spoil a value, and later steps then build on it."""
    known: dict[int | str, int] = dict(given)
    results = []
    for step in steps:
        left, right = (known.get(operand, operand) for operand in (step.left, step.right))
        value = slip(OPERATIONS[step.symbol](left, right))
        known[step.target] = value
        expression = f"{left} {step.symbol} {right}"
        results.append(Result(step.occasion, step.target, expression, value))
    return results
