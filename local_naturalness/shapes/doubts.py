"""Values that are read, though perhaps not as they were meant."""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from local_naturalness.encoding.messages import KNOWN_ROLES, is_message, messages_from_json, parsed, role_of

logger = logging.getLogger(__name__)

# Templates of some families know these, too. Rows with `function_call` are refused, which tells more.
_OTHER_ROLES = frozenset({"function", "ipython", "environment", "context", "critic", "function_call"})


def tell_doubts(
    sample: Mapping[str, Sequence[Any]], read: Collection[str], teachers: Collection[str] = ()
) -> None:
    """Say what is unusual in the values of columns.

    Args:
        sample: some values of each column.
        read: columns of prompts, responses and conversations.
        teachers: columns of responses, one per teacher.
    """
    columns = sorted({*read, *teachers} & {*sample})
    for name in columns:
        if roles := _unknown_roles(sample[name]):
            logger.warning(
                "The conversations in `%s` have turns with the role %s, unknown to most chat templates. "
                "`show` prints how the student sees them. If a user speaks there, rename the role to 'user'.",
                name,
                " and ".join(map(repr, sorted(roles)[:3])),
            )
    for name in columns:
        if _are_lists_of_texts(sample[name]):
            logger.warning(
                "The texts in `%s` are lists as JSON, and are scored as they are, with brackets and quotes. "
                "If each is a list of turns, make conversations with 'role' and 'content' of them.",
                name,
            )
    models = [_model_column(teacher, sample) for teacher in teachers]
    if models and all(models):
        logger.warning(
            "The columns %s name the models that answered, and `teacher` holds the names of the columns of "
            "answers instead. To compare the models, make one row per answer, with its model as `teacher`.",
            " and ".join(f"`{name}`" for name in models),
        )


def _unknown_roles(values: Iterable[Any]) -> set[str]:
    chats = (messages_from_json(value) or value for value in values)
    turns = (turn for chat in chats if isinstance(chat, list) for turn in chat if is_message(turn))
    return {str(role) for turn in turns if (role := role_of(turn)) not in KNOWN_ROLES | _OTHER_ROLES}


def _are_lists_of_texts(values: Iterable[Any]) -> bool:
    texts = [value for value in values if value]
    lists = [parsed(text) if isinstance(text, str) else None for text in texts]
    return bool(lists) and all(
        isinstance(items, list) and items and all(isinstance(item, str | None) for item in items)
        for items in lists
    )


def _model_column(teacher: str, columns: Iterable[str]) -> str | None:
    """The column that names the model of a column of answers: `model_a` of `response_a`."""
    names = (f"model_{teacher.rpartition('_')[2]}", f"{teacher}_model", f"model_{teacher}")
    return next((name for name in names if name in columns), None)
