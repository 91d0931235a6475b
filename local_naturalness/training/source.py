"""The columns of prompts and responses in a dataset, read as scorers read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from datasets import Dataset

from local_naturalness.encoding.examples import TOOLS_COLUMN, Example, read_examples
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.shapes.reading import read_shaped, shape_of
from local_naturalness.shapes.seen import is_looked_at, waits_for_answer
from local_naturalness.shapes.shape import Shape
from local_naturalness.tables import is_prompt_key
from local_naturalness.training.scored_prompts import scored_columns, scored_prompt, scored_response

MESSAGES_COLUMN = "messages"
_SAMPLE = 100
_BATCH = 1000


@dataclass(frozen=True)
class Source:
    """The columns that hold prompts and responses.

    Attributes:
        prompt: column of prompts.
        response: column of responses.
        messages: column of conversations. `None` if there are prompts and responses.
        shape: shape of a dataset that has to be converted first.
        consumed: columns that the written ones replace.
    """

    prompt: str
    response: str
    messages: str | None
    shape: Shape | None
    consumed: tuple[str, ...]

    def examples(self, batch: Mapping[str, list[Any]]) -> list[Example]:
        """The rows of a batch."""
        rows = Rows(batch, is_batch=True, is_lazy=False)
        if self.shape is not None:
            rows = read_shaped(dict(batch), self.shape, "export")
        return read_examples(rows, self.prompt, self.response, self.messages, None)

    def read(self, dataset: Dataset) -> Iterator[tuple[int, Example]]:
        """All rows with their numbers. Other columns are not read."""
        needed = [*self.consumed, *({TOOLS_COLUMN} & set(dataset.column_names))]
        row = 0
        for batch in dataset.with_format(None).select_columns(needed).iter(_BATCH):
            for example in self.examples(batch):
                yield row, example
                row += 1


def find_source(dataset: Dataset, prompt_column: str | None, response_column: str) -> Source:
    """The columns to read: the named ones, or else those that were scored, or else those of a known shape.

    Args:
        dataset: rows. If they were scored, the column of prompts is found by the keys of prompts.
        prompt_column: column of prompts. `None` looks for it.
        response_column: column of responses. If it does not exist, the dataset holds conversations.

    Raises:
        ValueError: there are no such columns, or the prompts are ids and not texts.
    """
    columns = dataset.column_names
    is_exported = response_column not in columns and {"prompt", "completion"} <= set(columns)
    if is_exported and MESSAGES_COLUMN in columns:
        raise ValueError(
            "There are `prompt` and `completion`, and `messages` besides: remove or rename the ones that the "
            "student should not be trained on."
        )
    if is_exported and prompt_column is None:
        prompt_column = "prompt"
    waits = MESSAGES_COLUMN in columns and _waits(dataset)
    if prompt_column is None:
        prompt_column, messages = scored_columns(dataset, response_column)
        if messages is not None and not waits:
            return Source("prompt", response_column, messages, None, (messages,))
        prompt_column = prompt_column or "prompt"
    if is_prompt_key(prompt_column):
        raise ValueError(
            f"Column {prompt_column!r} identifies prompts and holds no text to train on: name the column "
            "of the prompts with `prompt_column=...`."
        )
    if MESSAGES_COLUMN in columns and response_column not in columns and not waits:
        return Source(prompt_column, response_column, MESSAGES_COLUMN, None, (MESSAGES_COLUMN,))
    if prompt_column in columns and response_column in columns:
        return Source(prompt_column, response_column, None, None, (prompt_column, response_column))
    shape = None
    if (prompt_column, response_column) == ("prompt", "response"):
        known = [name for name in columns if is_looked_at(name)]
        sample = dataset.with_format(None).select_columns(known)[:_SAMPLE]
        shape = shape_of({name: [] for name in columns} | sample, "export") if known else None
    if shape is not None:
        return Source(
            shape.columns.get("prompt_column", prompt_column),
            shape.columns.get("response_column", response_column),
            shape.columns.get("messages_column"),
            shape,
            shape.read_columns,
        )
    raise ValueError(_missing(dataset, prompt_column, response_column))


def _missing(dataset: Dataset, prompt_column: str, response_column: str) -> str:
    """What to say of columns that are not there, with the names of those that were scored."""
    columns = dataset.column_names
    missing = {}
    if response_column not in columns:
        missing["response_column"] = (response_column, scored_response(dataset))
    if prompt_column not in columns:
        scored = scored_prompt(dataset)
        # Unless another name was passed, a scored prompt is found by its key once there is a response.
        if not (prompt_column == "prompt" and missing and scored):
            missing["prompt_column"] = (prompt_column, scored)
    needed = " and ".join(repr(name) for name, _ in missing.values())
    options = " and ".join(
        f"`{argument}={'...' if scored is None else repr(scored)}`"
        for argument, (_, scored) in missing.items()
    )
    what, which = ("Column", "one") if len(missing) == 1 else ("Columns", "ones")
    return (
        f"{what} {needed} {'is' if which == 'one' else 'are'} needed to export rows for training but not "
        f"there; found: {columns}. Name the right {which} with {options}, or pass `export=None`."
    )


def _waits(dataset: Dataset) -> bool:
    """Whether the answers to the conversations stand in another column."""
    few = dataset.with_format(None).select_columns([MESSAGES_COLUMN])[:_SAMPLE]
    return waits_for_answer(few)
