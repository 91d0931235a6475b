"""What to change or to pass if a table has no known shape, as far as names and values of its columns tell."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from local_naturalness.encoding.messages import is_message, role_of
from local_naturalness.inputs.column_names import (
    ANSWERS,
    CONVERSATIONS,
    KNOWN,
    PARTS,
    PROMPTS,
    RESPONSE_LISTS,
    SYSTEM,
    TEACHERS,
    names_reasoning,
)
from local_naturalness.listed import listed
from local_naturalness.shapes.kinds import conversations, holds_prose
from local_naturalness.shapes.side_by_side import (
    QUESTIONS,
    answer_columns,
    candidates,
    may_be_answer,
    reasoning_pairs,
)

Columns = Mapping[str, Sequence[Any]]

_CALL = "call `to_rows` of `local_naturalness.shapes` with"
_REASONED = "these are responses and their reasoning"
_SIDE_BY_SIDE = "each of these columns holds the answers of one teacher"
_CHATS = ("contents", "dialogue", "dialog", "chat", "turns", "history")
# The begin of a question, and later that of an answer.
_TURNS = re.compile(
    r"(Human:|User:|USER:|user<\|end_header_id\|>|<\|im_start\|>user|<\|user\|>|\[INST\]|<start_of_turn>user).*"
    r"(Assistant:|ASSISTANT:|assistant<\|end_header_id\|>|<\|im_start\|>assistant|<\|assistant\|>|\[/INST\]|"
    r"<start_of_turn>model)",
    re.DOTALL,
)


def hint(values: Mapping[str, Iterable[Any]], then: str = _CALL) -> str:
    """What to pass if columns are answers; empty if none looks like one.

    Args:
        values: some values of each column.
        then: what to do with the arguments, such as "pass".

    >>> hint({"prompt": ["2 + 3?"], "small": ["5."], "big": ["2 + 3 = 5."]}, "pass")
    " If each of these columns holds the answers of one teacher, pass `teacher_columns=['small', 'big']`."
    >>> hint({"Question": ["2 + 3?"], "CoT": ["We add the two."], "Response": ["It is 5."]}, "pass")
    " If these are responses and their reasoning, pass `response_column='Response'`, \
`reasoning_columns=['CoT']` and `prompt_column='Question'`."
    """
    columns = {name: list(column) for name, column in values.items()}
    if found := _of_harness(columns) or _unreadable(columns):
        return found
    if found := _chats(columns, then):
        return found
    cases = _cases(columns)
    if not _has_prompts(columns):
        asked = [name for name in columns if name.strip().lower() in QUESTIONS or _asks(columns[name])]
        prompt = f"prompt_column={asked[0]!r}" if asked else "prompt_column=..."
        cases = {case: [*arguments, prompt] for case, arguments in cases.items()}
    return "".join(
        f" If {case}, {then} {listed([f'`{argument}`' for argument in arguments])}."
        for case, arguments in cases.items()
    )


def _of_harness(columns: Columns) -> str | None:
    """What to do with the samples that lm-evaluation-harness logs."""
    if not {"doc", "arguments", "resps"} <= columns.keys():
        return None
    told = " These are samples of lm-evaluation-harness"
    responses = [one for value in columns["resps"] for some in value or () for one in _listed(some)]
    if not any(isinstance(one, str) and one not in ("True", "False") for one in responses[:1]):
        return (
            f"{told} for a task that compares given answers. They hold likelihoods, and no responses: log a "
            "task that generates text."
        )
    is_object = any(map(_is_object, columns["arguments"]))
    prompt = "arguments.gen_args_0.arg_0" if is_object else "arguments[0][0]"
    return (
        f"{told}: make a column 'prompt' of what they have in {prompt}, and a column 'responses' "
        "of resps[0]. If the prompts were rendered by a chat template, take the questions in `doc` instead."
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _chats(columns: Columns, then: str) -> str | None:
    """What to pass if columns hold conversations, and their names do not say so."""
    chats = {name: conversations(columns[name]) for name in columns}
    answered = [
        name
        for name, found in chats.items()
        if name not in (*PROMPTS, *CONVERSATIONS) and found and all(map(_has_answer, found))
    ]
    if len(answered) > 1:
        named = " and ".join(map(repr, answered))
        return f" To score the conversations in {named}, {then} `teacher_columns={answered!r}`."
    if not answered:
        return None
    (name,) = answered
    if any(role_of(chat[0]) == "assistant" for chat in chats[name]) and _has_prompts(columns):
        return f" To score the messages in {name!r} as responses, {then} `response_column={name!r}`."
    return f" To score the conversations in {name!r}, {then} `messages_column={name!r}`."


def _has_answer(chat: Sequence[Mapping[str, Any]]) -> bool:
    return any(role_of(message) == "assistant" for message in chat)


def _unreadable(columns: Columns) -> str | None:
    """Why texts have to be rewritten before they can be read."""
    dialogues = [] if _has_prompts(columns) else [name for name in columns if _is_dialogue(columns[name])]
    if dialogues:
        return (
            f" The texts in {dialogues[0]!r} hold prompt and response in one: make lists of messages of "
            "them, with 'role' and 'content'."
        )
    if lists := [name for name in RESPONSE_LISTS if _are_lists_as_text(columns.get(name, ()))]:
        return (
            f" The lists in {lists[0]!r} are stored as text, and not as JSON: write them as JSON, or the "
            "table as JSON Lines or Parquet."
        )
    turns = [name for name in (*CONVERSATIONS, *_CHATS) if _are_other_turns(columns.get(name, ()))]
    if turns:
        return (
            f" The turns in {turns[0]!r} are no messages: make objects with 'role' and 'content' of them, "
            "and name the column `messages`."
        )
    parts = [name for name in ("response", *RESPONSE_LISTS) if any(map(_is_object, columns.get(name, ())))]
    if parts:
        return (
            f" The objects in {parts[0]!r} hold parts of an answer: make a column of each part, and name "
            "those of responses and of their reasoning with `response_column=...` and "
            "`reasoning_columns=[...]`."
        )
    return None


def _cases(columns: Columns) -> dict[str, list[str]]:
    """What columns may be, and the arguments to pass then."""
    pairs = reasoning_pairs(columns)
    if len(pairs) == 1:
        ((answer, reasoning),) = pairs.items()
        return {_REASONED: [f"response_column={answer!r}", f"reasoning_columns={[reasoning]!r}"]}
    if pairs:
        return {_REASONED: [f"teacher_columns={[*pairs]!r}", f"reasoning_columns={[*pairs.values()]!r}"]}
    known = {
        name: column
        for name, column in columns.items()
        if column and name not in {*KNOWN, *PARTS, *SYSTEM, *TEACHERS}
    }
    named = [
        name
        for name in known
        if name.strip().lower() in ANSWERS
        and may_be_answer(name, [value for value in known[name] if value is not None])
    ]
    if named:
        return {f"{named[0]!r} holds the responses": [f"response_column={named[0]!r}"]}
    if lists := [name for name, column in known.items() if _are_lists_of_answers(name, column)]:
        thoughts = [name for name in known if names_reasoning(name) and holds_prose(known[name])]
        more = [f"reasoning_columns={thoughts!r}"] if len(thoughts) == 1 else []
        return {
            f"each item of {name!r} is a response": [f"response_column={name!r}", *more] for name in lists[:1]
        }
    long, _ = candidates(known)
    cases = {}
    if len(long) == 1:
        cases[f"{long[0]!r} holds the responses"] = [f"response_column={long[0]!r}"]
    if answers := answer_columns(known):
        cases[_SIDE_BY_SIDE] = [f"teacher_columns={answers!r}"]
    return cases


def _are_other_turns(values: Iterable[Any]) -> bool:
    """Whether values are lists of objects or lists, none of which is a message."""
    turns = [turn for value in values if isinstance(value, list) for turn in value]
    return bool(turns) and all(isinstance(turn, Mapping | list) and not is_message(turn) for turn in turns)


def _is_object(value: Any) -> bool:
    return isinstance(value, Mapping)


def _are_lists_of_answers(name: str, values: Iterable[Any]) -> bool:
    lists = [value for value in values if value]
    texts = [text for value in lists if isinstance(value, list) for text in value]
    is_list = all(isinstance(value, list) for value in lists)
    return is_list and not names_reasoning(name) and may_be_answer(name, texts) and holds_prose(texts)


def _has_prompts(columns: Columns) -> bool:
    return not set(PROMPTS).isdisjoint(columns)


def _is_dialogue(values: Iterable[Any]) -> bool:
    """Whether texts hold the turns of several speakers, as templates and transcripts mark them."""
    texts = [value for value in values if isinstance(value, str)]
    return bool(texts) and all(_TURNS.search(text) for text in texts)


def _are_lists_as_text(values: Iterable[Any]) -> bool:
    texts = [value for value in values if value is not None]
    return bool(texts) and all(isinstance(text, str) and text.lstrip().startswith("[") for text in texts)


def _asks(values: Iterable[Any]) -> bool:
    """Whether values are conversations that wait for an answer."""
    chats = conversations(values)
    return bool(chats) and all(role_of(chat[-1]) != "assistant" for chat in chats)
