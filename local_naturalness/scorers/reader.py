"""Reads prompts and responses for a scorer, from the columns that were named or recognised."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from local_naturalness.encoding.examples import Example, read_examples
from local_naturalness.encoding.map_rows import Rows, TableColumns, read_rows
from local_naturalness.shapes.reading import read_shaped, shape_of
from local_naturalness.shapes.shape import Shape

# If these columns exist, no shape has to be recognised.
_COLUMNS = ("prompt", "response")


@dataclass
class ExampleReader:
    """Reads the rows that `map` passes. The arguments are those of the scorers.

    If no column was named and the default ones do not exist, the shape of the data is recognised from the
    first batch.

    Args:
        by_turn: whether all assistant turns of a conversation are the response.
        caller: name for error messages.
    """

    prompt_column: str
    response_column: str
    messages_column: str | None
    steps_column: str | None
    by_turn: bool
    caller: str
    _shape: Shape | None = None

    def rows(self, rows: Any) -> Rows:
        """A batch, a row or a table, with the columns that are needed."""
        if isinstance(rows, pa.Table):
            rows = TableColumns(rows)
        if self._shape is None and self._has_default_columns and not _are_rows(rows):
            self._shape = shape_of(rows, self.caller)
        if self._shape is not None:
            return read_shaped(rows, self._shape, self.caller)
        needed = {"steps_column": self.steps_column} if self.steps_column else {}
        if self.messages_column is not None:
            needed["messages_column"] = self.messages_column
        else:
            needed |= {"prompt_column": self.prompt_column, "response_column": self.response_column}
        return read_rows(rows, needed, self.caller)

    def examples(self, rows: Rows) -> list[Example]:
        """Prompt, response and steps of each row."""
        columns = {} if self._shape is None else self._shape.columns
        return read_examples(
            rows,
            columns.get("prompt_column", self.prompt_column),
            columns.get("response_column", self.response_column),
            columns.get("messages_column", self.messages_column),
            self.steps_column,
            self.by_turn,
        )

    @property
    def _has_default_columns(self) -> bool:
        """Whether no column of prompts, responses or conversations was named."""
        return self.messages_column is None and (self.prompt_column, self.response_column) == _COLUMNS

    def __getstate__(self) -> dict[str, Any]:
        # What was recognised is left out, so that the hash of a scorer does not depend on what it has read.
        return self.__dict__ | {"_shape": None}


def _are_rows(rows: Any) -> bool:
    return isinstance(rows, Mapping) and all(name in rows for name in _COLUMNS)
