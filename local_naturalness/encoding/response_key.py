"""The key of a response: a digest of what was scored, which shows whether it was changed afterwards."""

import json
from typing import Any

import xxhash

from local_naturalness.encoding.conversation import Answer
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import as_messages

# The column that scorers write.
RESPONSE_KEY = "response_key"


def response_key(example: Example, by_turn: bool = False) -> str | None:
    """Digest of a row's response: 16 hexadecimal digits. `None` if the response is missing.

    The key depends on text, reasoning and tool calls, but not on how they are stored. If all assistant turns
    are scored, it is a digest of the conversation up to the last of them.

    Args:
        example: the row.
        by_turn: whether all assistant turns were scored. A row that was read turn by turn says so itself.

    >>> said = {"role": "assistant", "content": "Hello."}
    >>> response_key(Example("Hi", "Hello.")) == response_key(Example("Hi", "Hello.", message=said))
    True
    """
    if example.response is None:
        return None
    content = json.dumps(_scored(example, by_turn), sort_keys=True, default=str)
    return xxhash.xxh3_64_hexdigest(content.encode("utf-8", "surrogatepass"))


def _scored(example: Example, by_turn: bool) -> list[Any]:
    before = as_messages(example.prompt) if example.prompt is not None else []
    if example.turns is not None:
        return [*before, *(message for turn in example.turns for message in (*turn.between, turn.message))]
    if example.message is None:
        return [example.response, "", []]
    if by_turn:
        return [*before, example.message]
    answer = Answer.of(example.message)
    called = [answer.function_calls] if answer.function_calls else []
    return [answer.content, answer.reasoning, list(answer.tool_calls), *called]
