"""Predictions and prompts in the form in which `evaluate` keeps them until they are scored: one JSON text
each.

`evaluate` fixes the type of a column by its first value and refuses None there. As JSON, texts,
conversations and missing values can stand in one column, in any order.
"""

import json
from collections.abc import Iterable, Mapping, Set
from typing import Any

from local_naturalness.encoding.examples import read_examples
from local_naturalness.encoding.map_rows import Rows


def encoded_inputs(
    predictions: Iterable[str | None] | None, prompts: Iterable[Any] | None, references: Iterable[Any] | None
) -> dict[str, list[str]]:
    """Check the inputs of one call and encode them.

    Raises:
        TypeError: an input is a single value, or holds values other than texts, conversations and None.
        ValueError: an input is missing, given twice, or has another length.
    """
    if prompts is not None and references is not None:
        raise ValueError("`references` is another name for `prompts`: pass one of the two.")
    name = "prompts" if references is None else "references"
    given = {"predictions": predictions, name: prompts if references is None else references}
    inputs: dict[str, list[Any]] = {}
    for argument, values in given.items():
        if values is None:
            raise ValueError(f"`{argument}` is missing: predictions and prompts are needed, one for one.")
        if isinstance(values, str):
            raise TypeError(f"`{argument}` must be a list, found the text {values[:40]!r}: put it in a list.")
        if isinstance(values, Mapping | Set):
            raise TypeError(f"`{argument}` must be a list, one value per row, found {type(values).__name__}.")
        inputs[argument] = list(values)
    if len(inputs["predictions"]) != len(inputs[name]):
        raise ValueError(
            f"Predictions and prompts are needed one for one, found {len(inputs['predictions'])} "
            f"`predictions` and {len(inputs[name])} `{name}`."
        )
    examples = read_examples(Rows(inputs, is_batch=True, is_lazy=False), name, "predictions", None, None)
    return {
        "predictions": [json.dumps(example.response) for example in examples],
        "prompts": [json.dumps(example.prompt) for example in examples],
    }


def decoded(texts: Iterable[str]) -> list[Any]:
    """The values that were encoded."""
    return [json.loads(text) for text in texts]
