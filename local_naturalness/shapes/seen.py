"""What recognition looks at: names of columns, some of their values, and names that the user passed."""

from collections.abc import Iterable, Mapping
from typing import Any

from local_naturalness.encoding.messages import messages_from_json
from local_naturalness.shapes.kinds import Kind, kind_of

PROMPTS = ("prompt", "problem", "question", "query", "instruction")
RESPONSE_LISTS = ("generations", "responses", "completions", "candidates")
CONVERSATIONS = ("messages", "conversations", "conversation")
# Every name that means something to recognition.
KNOWN = frozenset(
    {
        *PROMPTS,
        *RESPONSE_LISTS,
        *CONVERSATIONS,
        "response",
        "completion",
        "input",
        "output",
        "system",
        "history",
    }
)


class Seen:
    """The columns of a dataset and what they hold."""

    def __init__(
        self,
        sample: Mapping[str, Iterable[Any]],
        prompt: str | None,
        response: str | None,
        messages: str | None,
        teachers: tuple[str, ...],
    ):
        self.sample = sample
        self.named_prompt, self.named_response, self.messages, self.teachers = (
            prompt,
            response,
            messages,
            teachers,
        )

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
