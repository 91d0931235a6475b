"""The column that rows are grouped by: the one that identifies prompts."""

from collections.abc import Sequence

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
    # With a suffix of the scorer it is the same key.
    keys = sorted(name for name in columns if is_prompt_key(name))
    return keys[0] if keys else "prompt"


def is_prompt_key(column: str) -> bool:
    """Whether a column is one that scorers write to identify prompts. It holds no text to train on."""
    return column.startswith(PROMPT_KEY)
