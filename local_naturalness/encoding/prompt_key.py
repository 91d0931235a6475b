"""A name for what the student is shown before the response, by which later steps group rows."""

import json

import xxhash

from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.messages import as_messages

# The column that scorers write.
PROMPT_KEY = "prompt_key"


def prompt_key(example: Example) -> str | None:
    """Digest of a row's prompt: 32 hexadecimal digits, `None` where the prompt is missing.

    Messages and tools count, in whatever form and order of fields they are stored; the student does not, so
    that all scorers give a row the same key.

    >>> text, messages = "Hi", [{"content": "Hi", "role": "user"}]
    >>> prompt_key(Example(text, "Hello.")) == prompt_key(Example(messages, "Good morning."))
    True
    """
    if example.prompt is None:
        return None
    content = json.dumps([as_messages(example.prompt), example.tools], sort_keys=True, default=str)
    return xxhash.xxh3_128_hexdigest(content.encode("utf-8", "surrogatepass"))
