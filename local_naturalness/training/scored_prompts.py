"""The columns that were scored, found by the keys of prompts and not by their names."""

from collections.abc import Iterator, Mapping
from typing import Any

from datasets import Dataset

from local_naturalness.encoding.examples import TOOLS_COLUMN, Example, read_examples
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.encoding.prompt_key import prompt_key
from local_naturalness.encoding.response_key import RESPONSE_KEY, response_key
from local_naturalness.tables import prompt_key_column


def scored_columns(dataset: Dataset, response_column: str) -> tuple[str | None, str | None]:
    """The column of prompts and the column of conversations that were scored. One of them is `None`.

    Args:
        dataset: dataset with the keys of its prompts.
        response_column: column of responses. If it does not exist, the dataset holds conversations.
    """
    if response_column in dataset.column_names:
        return _of_key(dataset, response_column, is_prompt=True), None
    return None, _of_key(dataset, response_column, is_prompt=False)


def scored_prompt(dataset: Dataset) -> str | None:
    """The column of prompts that was scored, wherever the responses are; `None` if it is not known."""
    return _of_key(dataset, None, is_prompt=True)


def scored_response(dataset: Dataset) -> str | None:
    """The column of texts that was scored as responses, by their keys; `None` if it is not known."""
    keys = next((name for name in dataset.column_names if name.startswith(RESPONSE_KEY)), None)
    row = None if keys is None else _first_with(dataset, keys)
    if keys is None or row is None:
        return None
    texts = {name: value for name, value in row.items() if isinstance(value, str)}
    return next((name for name, text in texts.items() if response_key(Example("", text)) == row[keys]), None)


def _of_key(dataset: Dataset, response_column: str | None, is_prompt: bool) -> str | None:
    """The column of prompts or of conversations whose first value has the key that scorers wrote."""
    keys = prompt_key_column(dataset.column_names)
    row = None if keys is None else _first_with(dataset, keys)
    if keys is None or row is None:
        return None
    for name in sorted(dataset.column_names, key=lambda name: name not in ("prompt", "messages")):
        if name != response_column and _key(row, name, is_prompt) == row[keys]:
            return name
    return None


def _first_with(dataset: Dataset, column: str) -> dict[str, Any] | None:
    """The first row that has a value in a column."""
    shown = dataset.with_format(None)
    first = next((row for row, value in enumerate(shown[column]) if value is not None), None)
    return None if first is None else shown[first]


def refuse_other_prompts(
    rows: Iterator[tuple[int, Example]], dataset: Dataset, place: str
) -> Iterator[tuple[int, Example]]:
    """The rows, each checked to have the prompt that was scored.

    Raises:
        ValueError: a row has another prompt. The message names the row.
    """
    name = prompt_key_column(dataset.column_names)
    keys = dataset.with_format(None)[name][:] if name is not None else [None] * len(dataset)
    for row, example in rows:
        if keys[row] is not None and prompt_key(example) != keys[row]:
            raise ValueError(
                f"The prompt of row {row}{place} is not the one that was scored, as its {name!r} shows: "
                "name the column of the prompts that were scored with `prompt_column=...`, or score the "
                "rows again."
            )
        yield row, example


def _key(row: Mapping[str, Any], name: str, is_prompt: bool) -> str | None:
    """The key of a row's prompt, if a column holds prompts. `None` if it holds other values."""
    if not isinstance(row[name], str | list):
        return None
    values = {column: [row[column]] for column in (name, TOOLS_COLUMN) if column in row} | {"": [None]}
    try:
        rows = Rows(values, is_batch=True, is_lazy=False)
        (example,) = read_examples(rows, name, "", None if is_prompt else name, None)
    except (TypeError, ValueError):
        return None
    return prompt_key(example)
