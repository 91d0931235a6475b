"""What recognition looks at: names of columns, some of their values, and names that the user passed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from local_naturalness.encoding.examples import SWITCHES_COLUMN
from local_naturalness.encoding.messages import messages_from_json, role_of
from local_naturalness.inputs.column_names import (
    CONVERSATIONS,
    KNOWN,
    PARTS,
    PROMPTS,
    SYSTEM,
    TEACHERS,
    names_reasoning,
    names_teacher,
)
from local_naturalness.shapes.kinds import JSON, MESSAGES, TEXT, Kind, conversations, holds_prose, kind_of


def is_looked_at(name: str) -> bool:
    """Whether recognition looks at the values of a column of this name, which was not named by the user."""
    return (
        name in KNOWN
        or name in ("answer", "functions", SWITCHES_COLUMN, *SYSTEM, *PARTS, *TEACHERS)
        or names_reasoning(name)
        or names_teacher(name)
    )


def waits_for_answer(sample: Mapping[str, Iterable[Any]]) -> bool:
    """Whether there are conversations, and all of them end with a question."""
    return Seen(sample).question is not None


def ends_with_question(sample: Mapping[str, Iterable[Any]]) -> str | None:
    """A sentence about conversations that all end with a turn of the user; `None` if they do not."""
    column = Seen(sample).question
    chats = [] if column is None else conversations(sample[column])
    if not chats or any(role_of(chat[-1]) != "user" for chat in chats):
        return None
    if any(role_of(message) == "assistant" for chat in chats for message in chat):
        return (
            "All conversations end with a question whose answer is not among the messages. The assistant "
            "turns before it can be scored. If another column holds the answers to the last questions, name "
            "it with `response_column=...`."
        )
    return (
        "All conversations end with a question, so there is no response. If another column holds the "
        "responses, name it with `response_column=...`."
    )


def teacher_of(sample: Mapping[str, Iterable[Any]]) -> str | None:
    """The column of texts that names the teacher."""
    return "teacher" if "teacher" in sample else Seen(sample).teacher


@dataclass(frozen=True)
class Seen:
    """The columns of a dataset and what they hold.

    Args:
        sample: some values of each column.
        named_prompt: the column of prompts, if the user named it.
        named_response: that of responses.
        messages: that of conversations.
        teachers: columns of responses, one per teacher.
    """

    sample: Mapping[str, Iterable[Any]]
    named_prompt: str | None = None
    named_response: str | None = None
    messages: str | None = None
    teachers: tuple[str, ...] = ()

    def kind(self, column: str) -> Kind | None:
        return kind_of(self.sample[column]) if column in self.sample else None

    def holds_json(self, column: str) -> bool:
        """Whether a value of a column is messages as JSON text; others may be damaged."""
        return column in self.sample and any(map(messages_from_json, self.sample[column]))

    def holds_objects(self, column: str) -> bool:
        """Whether a value of a column is an object, not a list."""
        return any(isinstance(value, Mapping) for value in self.sample.get(column, ()))

    def there(self, column: str) -> str | None:
        """The name of a column if it is there."""
        return column if column in self.sample else None

    @property
    def prompt(self) -> str | None:
        """The column of prompts: the one that was named, else the only one whose name says so."""
        if self.named_prompt is not None:
            return self.named_prompt if self.named_prompt in self.sample else None
        known = [name for name in PROMPTS if name in self.sample]
        return known[0] if known[:1] == ["prompt"] or len(known) == 1 else None

    @property
    def question(self) -> str | None:
        """The column of conversations, if all of them wait for an answer."""
        return next((name for name in CONVERSATIONS if self._waits(name)), None)

    def first_roles(self, column: str) -> set[Any]:
        """The roles that the conversations of a column begin with."""
        return {role_of(messages[0]) for messages in conversations(self.sample[column])}

    def _waits(self, column: str) -> bool:
        if self.kind(column) not in (MESSAGES, JSON):
            return False
        return all(role_of(messages[-1]) != "assistant" for messages in conversations(self.sample[column]))

    @property
    def teacher(self) -> str | None:
        """The column of texts that names the teacher and is not called `teacher`."""
        known = () if "teacher" in self.sample else TEACHERS
        return next((name for name in known if self.kind(name) == TEXT), None)

    @property
    def reasoning(self) -> str | None:
        """The only column of texts whose name says that it holds reasoning."""
        found = [name for name in self.sample if names_reasoning(name) and holds_prose(self.sample[name])]
        return found[0] if len(found) == 1 else None
