"""Ways of reading the final answer from a response, by name."""

import re
from collections.abc import Callable
from decimal import Decimal

Answer = str | Decimal | None

NUMBER = re.compile(r"-?\d[\d,]*(?:\.\d+)?")
BOX = r"\boxed{"


def final_number(text: str) -> Decimal | None:
    """The last number of a text.

    >>> final_number("So 3 boxes cost $1,200.50.") == Decimal("1200.5")
    True
    """
    numbers = NUMBER.findall(text)
    return Decimal(numbers[-1].replace(",", "")) if numbers else None


def boxed(text: str) -> str | None:
    r"""The content of the last `\boxed{...}` without white space; of a text without a box, the text.

    >>> boxed(r"Hence \boxed{\frac{1}{2}}.")
    '\\frac{1}{2}'
    """
    start = text.rfind(BOX)
    if start < 0:
        return "".join(text.split()) or None
    start += len(BOX)
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return "".join(text[start:place].split()) or None
    return None


ANSWERS: dict[str, Callable[[str], Answer]] = {"final_number": final_number, "boxed": boxed}


def is_right(response: str | None, reference: str, answer: str) -> bool:
    """Whether a response states the reference's answer exactly.

    Args:
        response: None and texts without an answer are wrong.
        reference: A text with the answer, such as a worked solution.
        answer: A name in `ANSWERS`.

    >>> is_right("It is 12.", "answer 12", "final_number")
    True
    """
    read = ANSWERS[answer]
    stated = read(response) if response is not None else None
    return stated is not None and stated == read(reference)
