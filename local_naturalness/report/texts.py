"""The prompts and responses of a few rows, from a table of any shape."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from local_naturalness.encoding.conversation import Answer
from local_naturalness.encoding.examples import Example, read_examples
from local_naturalness.shapes.reading import read_shaped
from local_naturalness.shapes.recognise import recognise
from local_naturalness.shapes.seen import is_looked_at
from local_naturalness.shapes.shape import Shape
from local_naturalness.tables import require_columns


@dataclass(frozen=True)
class Texts:
    """The texts of a row.

    Args:
        prompt: The prompt as plain text.
        responses: The response, and other texts that may have been split into steps; empty if there are none.
    """

    prompt: str
    responses: Sequence[str]


@dataclass(frozen=True)
class TextColumns:
    """The columns of prompts and responses.

    Args:
        shape: How they are read; `None` if the table has no known texts.
        names: Columns that are read.
        response: The column that distinguishes the responses to a prompt; `None` if there is none.
    """

    shape: Shape | None
    names: list[str]
    response: str | None

    @classmethod
    def of(cls, dataset: Dataset, response_column: str, messages_column: str | None) -> "TextColumns":
        """Find the columns as scorers do: by their names, or as conversations.

        Raises:
            ValueError: A column that was named is not there.
        """
        names = dataset.column_names
        if messages_column is not None:
            require_columns(names, {"messages_column": messages_column})
        elif response_column != "response":
            require_columns(names, {"response_column": response_column})
        known = [one for one in names if is_looked_at(one) or one in (response_column, messages_column)]
        few = few_rows(dataset, np.arange(min(len(dataset), 100)), known)
        shape = recognise(
            {name: [row[name] for row in few] if name in known else [] for name in names},
            messages_column=messages_column,
            response_column=response_column if response_column in names and not messages_column else None,
        )
        if shape is None or not shape.is_row_by_row:
            return cls(None, [], response_column if response_column in names else None)
        read = list(shape.read_columns)
        response = shape.columns.get("messages_column") or shape.columns.get("response_column", "response")
        response = shape.source_of(response)
        return cls(shape, read, response if response in names else read[-1])

    def read(self, rows: Sequence[Mapping[str, Any]]) -> list[Texts]:
        """The texts of rows that hold the columns `names`."""
        if self.shape is None or not rows:
            return [Texts("", [])] * len(rows)
        lists = {name: [row[name] for row in rows] for name in self.names}
        columns = self.shape.columns
        examples = read_examples(
            read_shaped(lists, self.shape, "write_report"),
            columns.get("prompt_column", "prompt"),
            columns.get("response_column", "response"),
            columns.get("messages_column"),
            None,
        )
        return [_texts(example) for example in examples]


def few_rows(dataset: Dataset, rows: np.ndarray, names: list[str]) -> list[dict[str, Any]]:
    """Read some columns of some rows, and nothing else."""
    if not names:
        return [{} for _ in rows]
    return dataset.with_format(None).select_columns(names).select(rows.tolist()).to_list()


def _texts(example: Example) -> Texts:
    prompt = example.prompt
    if not isinstance(prompt, str):
        prompt = "\n".join(f"{one.get('role')}: {one.get('content')}" for one in prompt or [])
    if example.response is None:
        return Texts(prompt, [])
    if example.message is None:
        return Texts(prompt, [example.response])
    answer = Answer.of(example.message)
    calls = [*map(str, answer.tool_calls), answer.function_calls]
    whole = "\n".join(filter(None, [answer.reasoning, answer.content, *calls]))
    before = [] if isinstance(example.prompt, str) else example.prompt or []
    turns = [one.get("content") or "" for one in before if one.get("role") == "assistant"]
    return Texts(prompt, [whole, example.response, "".join([*turns, example.response])])
