"""The column that tells prompts apart."""

from collections.abc import Sequence

from local_naturalness.encoding.prompt_key import PROMPT_KEY


def grouping_column(columns: Sequence[str], prompt_column: str | None) -> str:
    """The column by which rows are grouped.

    Args:
        columns: Of the table.
        prompt_column: As the user named it; `None` takes what scorers wrote, `prompt_key`, and without
            that the prompts themselves.

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
    """Whether a column is one that scorers write to tell prompts apart, which is no text to train on."""
    return column.startswith(PROMPT_KEY)
