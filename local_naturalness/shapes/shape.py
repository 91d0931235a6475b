"""A recognised shape: how a dataset is read as rows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Batch = Mapping[str, list[Any]]

SHAPES = ("rows", "messages", "sharegpt", "prompt-completion", "alpaca", "lists", "wide")

# How the response of a conversation is told.
LAST_TURN = "the last assistant turn is the response"


@dataclass(frozen=True)
class Shape:
    """A shape that was recognised.

    Args:
        name: one of `SHAPES`.
        told: one line that says how the dataset is read.
        columns: arguments of a scorer for the rows that come of it: `{"messages_column": "messages"}`.
        consumed: columns that are not in these rows.
        convert: function from a batch to the new columns, row by row; `None` if nothing changes.
        lists: columns of which each item becomes a row, that of responses first.
        loose: those of `lists` that may have another number of items in some rows.
        teacher_columns: columns of which each becomes a row.
        has_chat_prompts: the prompts that come of it are lists of messages.
        renamed: new names of columns, applied after all of this.
        added_fields: fields of the messages that come from columns of texts.
        reasoning: columns of reasoning that is then joined with the responses: one, or one per teacher.
    """

    name: str
    told: str
    columns: Mapping[str, str]
    consumed: tuple[str, ...] = ()
    convert: Callable[[Batch], dict[str, list[Any]]] | None = None
    lists: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()
    teacher_columns: tuple[str, ...] = ()
    has_chat_prompts: bool = False
    renamed: Mapping[str, str] = field(default_factory=dict)
    added_fields: tuple[str, ...] = ()
    reasoning: tuple[str, ...] = ()

    @property
    def is_row_by_row(self) -> bool:
        """Whether each row of the dataset is one row for a scorer."""
        return self.name not in ("lists", "wide")

    def source_of(self, name: str) -> str:
        """The column of the dataset that is renamed to a column of the rows."""
        return next((old for old, new in self.renamed.items() if new == name), name)

    @property
    def read_columns(self) -> tuple[str, ...]:
        """The columns of the dataset that prompts and responses are made of."""
        return self.consumed or tuple(map(self.source_of, self.columns.values()))

    def told_by_turn(self) -> str:
        """What is told if all assistant turns are scored."""
        return self.told.replace(LAST_TURN, "all assistant turns are the response, and each is a step")

    def __str__(self) -> str:
        return self.told
