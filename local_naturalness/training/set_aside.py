"""Renames columns that trainers would read instead of an export, or together with it."""

import logging
from collections.abc import Collection

from datasets import Dataset

logger = logging.getLogger(__name__)

PREFIX = "source_"

# By name: TRL (`SFTTrainer`, `DPOTrainer`), axolotl's prompt strategies, LLaMA-Factory's
# `alpaca` and `sharegpt`, and the `Trainer` of transformers (arguments of `forward`).
READ_BY_TRAINERS = frozenset(
    {
        *("messages", "conversations", "conversation", "text"),
        *("prompt", "completion", "response", "chosen", "rejected"),
        *("instruction", "input", "output", "history", "system", "segments"),
        *("input_ids", "labels", "attention_mask", "position_ids", "token_type_ids", "seq_lengths"),
        *("completion_mask", "assistant_masks", "inputs_embeds"),
        *("tools", "chat_template_kwargs", "image", "images"),
    }
)


# Columns that a trainer reads instead of `prompt` and `response`.
_IN_PLACE_OF_RESPONSE = (
    *("messages", "conversations", "conversation", "text", "completion", "chosen"),
    *("output", "input_ids"),
)


def tell_left_beside(dataset: Dataset, response_column: str) -> None:
    """Log which columns of an unchanged table trainers might read instead of the response."""
    columns = dataset.column_names
    beside = [name for name in _IN_PLACE_OF_RESPONSE if name in columns and name != response_column]
    if response_column in columns and beside:
        logger.warning(
            "Beside `%s` there is %s, which trainers may read in its place, although it is not what was "
            'selected. Remove it before training, or pass `export="trl"`, which writes the selected '
            "responses and renames the rest.",
            response_column,
            " and ".join(f"`{name}`" for name in beside),
        )


def set_aside(dataset: Dataset, kept: Collection[str]) -> Dataset:
    """The dataset with new names for other columns that trainers read. One line in the log lists them.

    Args:
        dataset: one split.
        kept: columns of the export, or columns that it is made from.

    >>> rows = Dataset.from_dict({"prompt": ["2 + 3?"], "text": ["6."], "source_text": ["7."]})
    >>> set_aside(rows, kept=["prompt"]).column_names
    ['prompt', 'source_source_text', 'source_text']
    """
    columns = list(dataset.column_names)
    names = {}
    for name in columns:
        if name in READ_BY_TRAINERS and name not in kept:
            new = PREFIX + name
            while new in columns:
                new = PREFIX + new
            names[name] = new
    if not names:
        return dataset
    listed = ", ".join(f"`{old}` is now `{new}`" for old, new in names.items())
    logger.warning("Columns that trainers might read in place of the export are renamed: %s.", listed)
    return dataset.rename_columns(names)
