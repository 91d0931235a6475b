"""One recogniser per shape: a function that returns the shape if a dataset has it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from local_naturalness.inputs.column_names import ANSWERS as ANSWER_NAMES
from local_naturalness.inputs.column_names import CONVERSATIONS, RESPONSE_LISTS
from local_naturalness.shapes import conversions
from local_naturalness.shapes.kinds import (
    ANSWERS,
    CHATS,
    JSON,
    MESSAGES,
    NOTHING,
    NUMBERS,
    TEXT,
    TEXTS,
    Kind,
)
from local_naturalness.shapes.seen import Seen
from local_naturalness.shapes.shape import LAST_TURN, Shape


def _rows(seen: Seen) -> Shape | None:
    prompt, response = seen.named_prompt or "prompt", seen.named_response or "response"
    kinds = seen.kind(prompt), seen.kind(response)
    if kinds[0] is None or kinds[1] not in (TEXT, NUMBERS, NOTHING):
        return None
    told, convert = "", None
    if kinds[0] == JSON or NUMBERS in kinds:
        told = f"Read as rows: {_made_text(prompt, response, kinds)}."
        convert = conversions.plain(prompt, response, has_json_prompts=kinds[0] == JSON)
    columns = {"prompt_column": prompt, "response_column": response}
    return Shape(
        "rows",
        told,
        columns,
        (prompt, response) if convert else (),
        convert,
        has_chat_prompts=kinds[0] == JSON,
    )


def _made_text(prompt: str, response: str, kinds: Sequence[Kind | None]) -> str:
    parts = [f"`{prompt}` holds messages as JSON text"] if kinds[0] == JSON else []
    numbers = [name for name, kind in zip((prompt, response), kinds, strict=True) if kind == NUMBERS]
    parts += [f"the numbers of `{name}` become texts" for name in numbers]
    return ", ".join(parts)


def _lists(seen: Seen) -> Shape | None:
    named = seen.named_response
    known = [named] if named else [name for name in ("response", *RESPONSE_LISTS) if _is_list(seen, name)]
    prompt = seen.prompt or seen.question
    if len(known) != 1 or not _is_list(seen, known[0]) or prompt is None:
        return None
    (responses,) = known
    told = f"Read as lists per prompt: each item of `{responses}` becomes a row"
    if seen.holds_objects(responses):
        told = f"Read as an answer of each teacher: each text in `{responses}` becomes a row"
    if seen.kind(responses) == CHATS:
        return Shape(
            "lists",
            f"{told}; `{prompt}` and `{responses}` become `messages`.",
            {"messages_column": "messages"},
            (prompt, responses),
            conversions.completion(prompt, responses),
            lists=(responses,),
        )
    return Shape(
        "lists",
        told + _becomes({prompt: "prompt"}) + ".",
        {"prompt_column": "prompt", "response_column": "response"},
        lists=(responses,),
        renamed={prompt: "prompt", responses: "response"},
    )


def _is_list(seen: Seen, name: str) -> bool:
    # An object in a column named `response` may be the parts of one answer.
    is_one = name == "response" and name != seen.named_response and seen.holds_objects(name)
    return seen.kind(name) in (TEXTS, ANSWERS, CHATS) and not is_one


def _wide(seen: Seen) -> Shape | None:
    if not seen.teachers:
        return None
    missing = [name for name in seen.teachers if name not in seen.sample]
    if missing:
        raise ValueError(
            f"`teacher_columns` names {_listed(missing)}; the columns are {_listed(seen.sample)}."
        )
    kinds = {seen.kind(name) for name in seen.teachers} - {NOTHING}
    if kinds and kinds <= {MESSAGES, JSON}:
        return _wide_chats(seen)
    if seen.prompt is None:
        raise ValueError(
            "Which column holds the prompts? Name it with `prompt_column=...`; there are "
            f"{_listed(name for name in seen.sample if name not in seen.teachers)}."
        )
    for name in seen.teachers:
        if seen.kind(name) not in (TEXT, NUMBERS, NOTHING):
            raise ValueError(f"The teacher's column {name!r} must hold texts, found {seen.kind(name)}.")
    return Shape(
        "wide",
        f"{_each_teacher(seen)} `response`{_becomes({seen.prompt: 'prompt'})}.",
        {"prompt_column": "prompt", "response_column": "response"},
        teacher_columns=seen.teachers,
        renamed={seen.prompt: "prompt"},
    )


def _wide_chats(seen: Seen) -> Shape:
    """Conversations of each teacher, or turns that follow a prompt."""
    told, columns = f"{_each_teacher(seen)} `messages`", {"messages_column": "messages"}
    consumed: tuple[str, ...] = ("response",)
    if any(seen.first_roles(name) - {"assistant"} for name in seen.teachers):
        convert = conversions.conversation("response", None)
    elif seen.prompt is not None:
        convert, consumed = conversions.completion(seen.prompt, "response"), (seen.prompt, "response")
        told += f", with `{seen.prompt}`"
    else:
        raise ValueError(
            "Which column holds the prompts? Name it with `prompt_column=...`; the conversations of "
            f"{_listed(seen.teachers)} begin with the assistant."
        )
    return Shape("wide", f"{told}.", columns, consumed, convert, teacher_columns=seen.teachers)


def _each_teacher(seen: Seen) -> str:
    listed = ", ".join(f"`{name}`" for name in seen.teachers)
    return f"Read as one column per teacher: {listed} become `teacher` and"


def _prompt_completion(seen: Seen) -> Shape | None:
    if seen.question and not seen.named_prompt and not seen.there("prompt"):
        return _answered(seen, seen.question)
    prompt, completion = seen.named_prompt or "prompt", seen.named_response or "completion"
    if seen.there(completion) is None and seen.kind("response") in (MESSAGES, JSON):
        completion = "response"
    kinds = seen.kind(prompt), seen.kind(completion)
    if None in kinds or kinds[1] not in (TEXT, NUMBERS, MESSAGES, JSON):
        return None
    if {MESSAGES, JSON} & {*kinds}:
        told = f"Read as prompt and completion: `{prompt}` and `{completion}` become `messages`."
        convert = conversions.completion(prompt, completion)
        return Shape(
            "prompt-completion", told, {"messages_column": "messages"}, (prompt, completion), convert
        )
    return Shape(
        "prompt-completion",
        "Read as prompt and completion: `completion` becomes `response`.",
        {"prompt_column": prompt, "response_column": "response"},
        renamed={completion: "response"},
    )


def _answered(seen: Seen, prompt: str) -> Shape | None:
    """Conversations that end with a question, and their answers in another column, perhaps with reasoning."""
    reasoning = seen.reasoning
    names = (
        [seen.named_response] if seen.named_response else [*ANSWER_NAMES, *(["answer"] if reasoning else [])]
    )
    known = [name for name in names if seen.kind(name) in (TEXT, NUMBERS, MESSAGES)]
    if not known:
        return None
    read = (prompt, known[0], *([reasoning] if reasoning else []))
    teacher = seen.teacher
    return Shape(
        "prompt-completion",
        f"Read as prompt and completion: {' and '.join(f'`{name}`' for name in read)} become `messages`"
        + (_becomes({teacher: "teacher"}) if teacher else "")
        + ".",
        {"messages_column": "messages"},
        read,
        conversions.completion(*read),
        added_fields=("reasoning_content",) if reasoning else (),
        renamed={teacher: "teacher"} if teacher else {},
    )


def _conversation(name: str, title: str) -> Callable[[Seen], Shape | None]:
    def find(seen: Seen) -> Shape | None:
        known = ("messages",) if name == "messages" else CONVERSATIONS[1:]
        columns = (
            [seen.messages]
            if seen.messages
            else [c for c in known if seen.kind(c) in (MESSAGES, JSON, NOTHING) or seen.holds_json(c)]
        )
        if len(columns) != 1 or columns[0] not in seen.sample:
            return None
        (column,) = columns
        system = seen.there("system") if name == "sharegpt" else None
        as_is = column == "messages" or name == "messages"
        told = [f"`{column}` becomes `messages`"] if column != "messages" else []
        told += [f"`{system}` comes first"] if system else []
        told += ["JSON text is parsed"] if seen.holds_json(column) else []
        told.append(LAST_TURN)
        values = [value for value in seen.sample[column] if value is not None]
        is_plain = as_is and all(map(_is_plain, values))
        return Shape(
            name,
            f"Read as {title}: {', '.join(told)}.",
            {"messages_column": column if is_plain else "messages"},
            () if is_plain else tuple(filter(None, (column, system))),
            None if is_plain else conversions.conversation(column, system),
        )

    return find


def _is_plain(messages: Any) -> bool:
    """Whether chat templates take the messages as they are."""
    return not isinstance(messages, str) and all(
        message.get("role") in ("system", "developer", "user", "assistant", "tool")
        and isinstance(message.get("content"), str | None)
        for message in messages
    )


def _alpaca(seen: Seen) -> Shape | None:
    outputs = [name for name in ("output", "response") if seen.kind(name) in (TEXT, NUMBERS)]
    if seen.kind("instruction") not in (TEXT, NUMBERS) or not outputs:
        return None
    (output, *_) = outputs
    more = {name: seen.there(name) for name in ("input", "system", "history")}
    used = [f"`{name}`" for name in more.values() if name]
    told = " and ".join(["`instruction`", *used]) + (" become" if used else " becomes")
    return Shape(
        "alpaca",
        f"Read as Alpaca: {told} `prompt`{_becomes({output: 'response'}).replace(';', ',')}.",
        {"prompt_column": "prompt", "response_column": "response"},
        ("instruction", *(name for name in more if name in seen.sample), output),
        conversions.alpaca(output, *more.values()),
        has_chat_prompts=bool(more["system"] or more["history"]),
    )


def _asked_and_answered(seen: Seen) -> Shape | None:
    """A prompt and a response under the other names that data sets have for them."""
    prompt = seen.prompt or ("input" if seen.kind("input") in (TEXT, MESSAGES) else None)
    known = [seen.named_response] if seen.named_response else list(filter(seen.there, ANSWER_NAMES))
    if prompt is None or len(known) != 1 or seen.kind(known[0]) not in (TEXT, NUMBERS):
        return None
    names = {prompt: "prompt", known[0]: "response"}
    numbers = known if seen.kind(known[0]) == NUMBERS else []
    if seen.kind(prompt) in (NUMBERS, JSON) or numbers:
        return None
    return Shape(
        "rows",
        f"Read as rows{_becomes(names).replace(';', ':', 1)}.",
        {"prompt_column": "prompt", "response_column": "response"},
        renamed={old: new for old, new in names.items() if old != new},
    )


def _listed(names: Iterable[str]) -> str:
    return ", ".join(map(repr, names))


def _becomes(names: Mapping[str, str]) -> str:
    return "".join(f"; `{old}` becomes `{new}`" for old, new in names.items() if old != new)


# In the order in which they are tried: a list of candidates says more than the one of them that stands beside
# it as a conversation.
RECOGNISERS: tuple[tuple[str, Callable[[Seen], Shape | None]], ...] = (
    ("rows", _rows),
    ("wide", _wide),
    ("lists", _lists),
    ("prompt-completion", _prompt_completion),
    ("messages", _conversation("messages", "messages")),
    ("sharegpt", _conversation("sharegpt", "ShareGPT")),
    ("alpaca", _alpaca),
    ("rows", _asked_and_answered),
)
