"""Whether TRL trains on the tokens that were scored."""

from enum import Enum

from local_naturalness.encoding.examples import Example
from local_naturalness.training.student_text import StudentText


class Agreement(Enum):
    """How the tokens that TRL trains on are related to those that were scored."""

    SAME = "the same tokens behind the same prompt"
    SEAM = "the same text, in which the tokenizer joins the prompt with the response"
    SHOWN = "the same tokens behind another prompt"
    OTHER = "another text"


def agreement(example: Example, text: StudentText, as_messages: bool) -> Agreement:
    """Compare the scored tokens of a row, and the end of the turn, with the tokens that TRL trains on.

    Args:
        example: the row.
        text: text of the student.
        as_messages: whether the row is written as messages. Otherwise as texts.

    Raises:
        ValueError: the row cannot be scored.
        TypeError: a part of the row cannot be shown to the student.
    """
    scored = text.scored(example)
    found = text.of_messages(example) if as_messages else text.of_texts(example)
    if found is None:
        return Agreement.OTHER
    made, (before, whole) = found
    if list(made.trained) == list(scored.trained):
        return Agreement.SAME if list(made.prompt) == list(scored.prompt) else Agreement.SHOWN
    _, response, end = text.texts(example)
    return Agreement.SEAM if whole == before + response + end else Agreement.OTHER
