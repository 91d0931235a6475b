"""Ways of reading the final answer from a response, by name."""

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

Answer = str | Decimal | None

# A sign behind a number, a name or a bracket is an operator; commas stand between groups of three digits.
NUMBER = re.compile(r"(?:(?<![\w)\]}])[-\u2212])?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)")
BOX = re.compile(r"\\boxed\s*\{")


def final_number(text: str) -> Decimal | None:
    """The last number of a text.

    >>> final_number("So 3 boxes cost $1,200.50.") == Decimal("1200.5")
    True
    """
    numbers = NUMBER.findall(text)
    return Decimal(numbers[-1].replace(",", "").replace("\u2212", "-")) if numbers else None


def boxed(text: str) -> str | None:
    r"""The content of the last `\boxed{...}` without white space; of a text without a box, the text.

    >>> boxed(r"Hence \boxed{\frac{1}{2}}.")
    '\\frac{1}{2}'
    """
    boxes = list(BOX.finditer(text))
    if not boxes:
        return "".join(text.split()) or None
    start = boxes[-1].end()
    depth = 1
    for place in range(start, len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return "".join(text[start:place].split()) or None
    return None


ANSWERS: dict[str, Callable[[str], Answer]] = {"final_number": final_number, "boxed": boxed}


def is_right(response: str | None, reference: str | float, answer: str) -> bool:
    """Whether a response states the reference's answer exactly.

    Args:
        response: None and texts without an answer are wrong.
        reference: A text with the answer, such as a worked solution, or a number.
        answer: A name in `ANSWERS`.

    >>> is_right("It is 12.", "answer 12", "final_number")
    True
    """
    read = ANSWERS[answer]
    stated = read(response) if response is not None else None
    return stated is not None and stated == read(str(reference))


def check_references(references: Iterable[str | float | None], answer: str) -> None:
    """Refuse questions that nobody could answer rightly.

    Raises:
        ValueError: No answer can be read from a reference.
    """
    for row, reference in enumerate(references):
        if reference is None or ANSWERS[answer](str(reference)) is None:
            raise ValueError(
                f"The reference of question {row} must hold an answer that {answer!r} can read, found "
                f"{reference!r}. Mend or remove the question, or choose another `answer` of {list(ANSWERS)}."
            )
