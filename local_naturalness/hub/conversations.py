"""Conversations as trainers take them: what stands before the turn that was scored, and that turn."""

from typing import Any

from datasets import Dataset, Features

COLUMN = "messages"


def is_conversations(dataset: Dataset, response_column: str) -> bool:
    """Whether the rows are conversations, and not a prompt and a response."""
    return COLUMN in dataset.column_names and response_column not in dataset.column_names


def last_turn_apart(dataset: Dataset) -> Dataset:
    """`prompt` and `completion` instead of `messages`; the completion is the last turn, which was scored.

    Raises:
        ValueError: A column has one of these names already, or a conversation has no assistant turn.
    """
    clashes = [name for name in ("prompt", "completion") if name in dataset.column_names]
    if clashes:
        raise ValueError(
            f"Conversations in {COLUMN!r} are to become `prompt` and `completion`, but there is another "
            f'column {clashes[0]!r}: pass `export="messages"`, or rename it with `rename_column`.'
        )
    kept = {name: feature for name, feature in dataset.features.items() if name != COLUMN}
    messages = dataset.features[COLUMN]
    return dataset.with_format(None).map(
        _apart,
        with_indices=True,
        batched=True,
        remove_columns=[COLUMN],
        features=Features({"prompt": messages, "completion": messages} | kept),
        desc="Taking the last turn apart",
    )


def _apart(rows: dict[str, list[Any]], places: list[int]) -> dict[str, list[Any]]:
    cuts = [_last_answer(messages or (), place) for messages, place in zip(rows[COLUMN], places, strict=True)]
    both = list(zip(rows[COLUMN], cuts, strict=True))
    return {
        "prompt": [messages[:cut] for messages, cut in both],
        "completion": [messages[cut : cut + 1] for messages, cut in both],
    }


def _last_answer(messages: Any, place: int) -> int:
    for position in range(len(messages) - 1, -1, -1):
        if messages[position]["role"] == "assistant":
            return position
    raise ValueError(f"Row {place} has no assistant turn in {COLUMN!r}: there is nothing to train on.")
