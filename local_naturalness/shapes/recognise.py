"""Recognition of a dataset's shape by the names of its columns and their values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_naturalness.inputs.column_names import CONVERSATIONS
from local_naturalness.shapes.seen import Seen
from local_naturalness.shapes.shape import SHAPES, Shape
from local_naturalness.shapes.shape_rules import RECOGNISERS


def recognise(
    sample: Mapping[str, Iterable[Any]],
    *,
    shape: str | None = None,
    prompt_column: str | None = None,
    response_column: str | None = None,
    messages_column: str | None = None,
    teacher_columns: Sequence[str] | None = None,
) -> Shape | None:
    """The shape of a dataset; `None` if it has no known one.

    Args:
        sample: some values of each column; not needed for columns whose names say nothing.
        shape: one of `SHAPES`, for a dataset that has several.
        prompt_column: name of the column of prompts, if it is not a known one.
        response_column: the same for responses, or for lists of responses.
        messages_column: the same for conversations.
        teacher_columns: columns of responses, one per teacher.

    Example:

    >>> sample = {"problem": ["2 + 3?"], "generations": [["5.", "2 + 3 = 5."]]}
    >>> print(recognise(sample))
    Read as lists per prompt: each item of `generations` becomes a row; `problem` becomes `prompt`.
    >>> print(recognise({"conversations": [[{"from": "human", "value": "2 + 3?"}]]}))
    Read as ShareGPT: `conversations` becomes `messages`, the last assistant turn is the response.
    >>> print(recognise({"instruction": ["Add."], "input": ["2 and 3"], "output": ["5."]}))
    Read as Alpaca: `instruction` and `input` become `prompt`, `output` becomes `response`.
    """
    if shape is not None and shape not in SHAPES:
        raise ValueError(f"`shape` must be one of {', '.join(SHAPES)}; found {shape!r}.")
    seen = Seen(sample, prompt_column, response_column, messages_column, tuple(teacher_columns or ()))
    names = (shape,) if shape else _possible(seen)
    for name, find in RECOGNISERS:
        if name in names and (found := find(seen)):
            return found
    if shape:
        raise ValueError(
            f"The dataset cannot be read as {shape!r}: its columns are {', '.join(map(repr, sample))}."
        )
    return None


def _possible(seen: Seen) -> Sequence[str]:
    """The shapes that named columns leave, in the order in which they are tried."""
    if seen.teachers:
        return ("wide",)
    if seen.messages is not None:
        return ("sharegpt",) if seen.messages in CONVERSATIONS[1:] else ("messages",)
    if seen.named_response is not None or seen.named_prompt is not None:
        return ("rows", "lists", "prompt-completion")
    return SHAPES
