"""The columns that were scored, found by the keys of prompts and not by their names."""

from collections.abc import Iterator, Mapping
from typing import Any

from datasets import Dataset

from local_naturalness.encoding.examples import TOOLS_COLUMN, Example, read_examples
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.encoding.prompt_key import prompt_key
from local_naturalness.tables import prompt_key_column


def scored_columns(dataset: Dataset, response_column: str) -> tuple[str | None, str | None]:
    """The column of prompts and the column of conversations that were scored. One of them is `None`.

    Args:
        dataset: dataset with the keys of its prompts.
        response_column: column of responses. If it does not exist, the dataset holds conversations.
    """
    keys = prompt_key_column(dataset.column_names)
    if keys is None:
        return None, None
    shown = dataset.with_format(None)
    first = next((row for row, key in enumerate(shown[keys]) if key is not None), None)
    if first is None:
        return None, None
    row = shown[first]
    for name in sorted(dataset.column_names, key=lambda name: name not in ("prompt", "messages")):
        is_prompt = response_column in row
        if name != response_column and _key(row, name, is_prompt) == row[keys]:
            return (name, None) if is_prompt else (None, name)
    return None, None


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
