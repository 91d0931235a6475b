"""The column that rows are grouped by: the one that identifies prompts."""

from collections.abc import Iterable, Sequence

from local_naturalness.encoding.prompt_key import PROMPT_KEY


def grouping_column(columns: Sequence[str], prompt_column: str | None) -> str:
    """The column by which rows are grouped.

    Args:
        columns: Of the table.
        prompt_column: The column that the user named. `None` is `prompt_key`, which scorers write, or
            `prompt` if there is none.

    >>> grouping_column(["prompt", "teacher", "prompt_key"], None)
    'prompt_key'
    >>> grouping_column(["prompt", "teacher"], None)
    'prompt'
    >>> grouping_column(["question", "prompt_key"], "question")
    'question'
    """
    if prompt_column is not None:
        return prompt_column
    return prompt_key_column(columns) or "prompt"


def prompt_key_column(columns: Iterable[str]) -> str | None:
    """The column of keys of prompts, if there is one. With a suffix of the scorer it is the same key."""
    return min(filter(is_prompt_key, columns), default=None)


def is_prompt_key(column: str) -> bool:
    """Whether a column is one that scorers write to identify prompts. It holds no text to train on."""
    return column.startswith(PROMPT_KEY)
