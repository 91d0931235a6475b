"""Refuses rows that cannot be trained on, with their number, before anything is written."""

import json
import re
from collections.abc import Iterable, Iterator

import xxhash

from local_naturalness.encoding.conversation import Answer
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import as_messages
from local_naturalness.encoding.prompt_key import prompt_key

# An id, not a prompt: words joined by marks, with a digit, and with a letter or many digits.
_ID = re.compile(r"(?=.*\d)(?=.*[A-Za-z]|\d{8})[A-Za-z0-9]+([._:/#-][A-Za-z0-9]+)*", re.ASCII)


def trainable(rows: Iterable[tuple[int, Example]], place: str = "") -> Iterator[tuple[int, Example]]:
    """The rows, each checked.

    Args:
        rows: rows with their numbers.
        place: where they are, such as a split, for messages.

    Raises:
        ValueError: a row has no prompt or an empty response, two rows are the same, or all prompts are ids.
    """
    seen: dict[str, int] = {}
    first_id: tuple[int, str] | None = None
    only_ids = True
    for row, example in rows:
        _refuse_empty(row, example, place)
        twin = seen.setdefault(_digest(example), row)
        if twin != row:
            raise ValueError(
                f"Rows {twin} and {row}{place} are the same response to the same prompt, which a student "
                "would be trained on twice: drop one of them. `select_responses` picks no text twice if it "
                "finds the texts in `response_column`."
            )
        asked = str(as_messages(example.prompt or "")[-1].get("content", "")).strip()
        only_ids = only_ids and _ID.fullmatch(asked) is not None
        first_id = first_id or (row, asked)
        yield row, example
    if first_id is not None and only_ids:
        row, asked = first_id
        raise ValueError(
            f"The prompts are ids, not text to train on, such as {asked!r} in row {row}{place}: name the "
            "column that holds the text or the messages with `prompt_column=...`."
        )


def _refuse_empty(row: int, example: Example, place: str) -> None:
    if example.unreadable is not None:
        raise ValueError(f"Row {row}{place} cannot be trained on: {example.unreadable}")
    if example.prompt is None or not as_messages(example.prompt):
        raise ValueError(f"Row {row}{place} has no prompt, so there is nothing to train on. {_REMEDY}")
    is_plain = example.message is None or Answer.of(example.message).is_plain
    if is_plain and not (example.response or "").strip():
        what = "no response" if example.response is None else "an empty response"
        raise ValueError(f"Row {row}{place} has {what}, so there is nothing to train on. {_REMEDY}")


_REMEDY = "Leave such rows out with `dataset.filter(...)`, or with `where` in `select_responses`."


def _digest(example: Example) -> str:
    """Digest of prompt and response, ignoring differences in whitespace."""
    parts = (prompt_key(example), " ".join((example.response or "").split()), example.message)
    message = {} if example.message is None else {**example.message, "content": ""}
    content = json.dumps([*parts[:2], message], sort_keys=True, default=str)
    return xxhash.xxh3_128_hexdigest(content.encode("utf-8", "surrogatepass"))
