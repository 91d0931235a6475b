"""Problems of the miniature world: chains of assignments modulo 7, such as `a = 2 ; b = a + 4 ; ? b`.

Every assignment builds on the one before it, and one in four also on an earlier one. Seven is prime and
factors are never 0, so that no assignment forgets what was before it: an answer that skips steps is a guess.
"""

import operator
import string
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

MODULUS = 7
LETTERS = "abcdefghi"
MANY_LETTERS = string.ascii_letters  # for chains of up to 51 assignments
SHARE_WITH_EARLIER_VARIABLE = 0.25
OPERATIONS: dict[str, Callable[[int, int], int]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
}


@dataclass(frozen=True)
class Assignment:
    """`target = left symbol right`; `right` is a number or an earlier variable."""

    target: str
    left: str
    symbol: str
    right: int | str


@dataclass(frozen=True)
class Result:
    """An assignment carried out, rightly or wrongly, on the values known by then."""

    assignment: Assignment
    left: int
    right: int
    value: int

    @property
    def formula(self) -> str:
        return f"{self.assignment.left} {self.assignment.symbol} {self.assignment.right}"

    @property
    def equation(self) -> str:
        return f"{self.left} {self.assignment.symbol} {self.right} = {self.value}"


@dataclass(frozen=True)
class Problem:
    """A start value and the assignments that lead from it to the variable that is asked for."""

    first: str
    start: int
    assignments: tuple[Assignment, ...]

    @property
    def given(self) -> str:
        lines = [f"{self.first} = {self.start}"]
        lines += [f"{one.target} = {one.left} {one.symbol} {one.right}" for one in self.assignments]
        return " ; ".join(lines)

    @property
    def question(self) -> str:
        return f"? {self.assignments[-1].target}"

    @property
    def prompt(self) -> str:
        return f"{self.given} ; {self.question}"

    @property
    def answer(self) -> int:
        return self.work_out()[-1].value

    def work_out(self, slip: Callable[[int], int] = lambda value: value) -> list[Result]:
        """Carry out all assignments; `slip` may spoil a value, and later ones then build on it."""
        known: dict[int | str, int] = {self.first: self.start}
        results = []
        for one in self.assignments:
            left, right = known[one.left], known.get(one.right, one.right)
            known[one.target] = slip(calculate(left, one.symbol, right))
            results.append(Result(one, left, right, known[one.target]))
        return results


def calculate(left: int, symbol: str, right: int) -> int:
    return OPERATIONS[symbol](left, right) % MODULUS


def draw_problem(
    rng: Random,
    length: int,
    first: int = 0,
    letters: str = LETTERS,
    earlier: float = SHARE_WITH_EARLIER_VARIABLE,
) -> Problem:
    """A problem of `length` assignments after the start value; its variables follow the letter `first`.

    `earlier` is the share of assignments that use an earlier variable too.
    """
    names = letters[first : first + length + 1]
    assignments = []
    for place in range(length):
        if place and rng.random() < earlier:
            # It may be 0, which as a factor would wipe out everything before it.
            symbol, right = rng.choice("+-"), rng.choice(names[:place])
        else:
            symbol, right = rng.choice("+-*"), rng.randrange(2, MODULUS)
        assignments.append(Assignment(names[place + 1], names[place], symbol, right))
    return Problem(names[0], rng.randrange(MODULUS), tuple(assignments))
