"""The key of a prompt: a digest of its messages and tools. Rows are grouped by it."""

import json

import xxhash

from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import as_messages

# The column that scorers write.
PROMPT_KEY = "prompt_key"


def prompt_key(example: Example) -> str | None:
    """Digest of a row's prompt: 32 hexadecimal digits. `None` if the prompt is missing.

    The key depends on messages and tools, but not on how they are stored. It does not depend on the student,
    so all scorers give a row the same key.

    >>> text, messages = "Hi", [{"content": "Hi", "role": "user"}]
    >>> prompt_key(Example(text, "Hello.")) == prompt_key(Example(messages, "Good morning."))
    True
    """
    if example.prompt is None:
        return None
    content = json.dumps([as_messages(example.prompt), example.tools], sort_keys=True, default=str)
    return xxhash.xxh3_128_hexdigest(content.encode("utf-8", "surrogatepass"))
