"""Whether a template writes the tool calls of a turn, in whatever form."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from local_naturalness.encoding.messages import name_of_tool, times_named


def writes_calls(text: str, calls: Sequence[Mapping[str, Any]]) -> bool:
    """Whether every call is in the text: each name as often as it is called, and all arguments.

    >>> call = {"function": {"name": "add", "arguments": {"a": 2}}}
    >>> writes_calls('{"name": "add", "arguments": {"a": 2}}', [call]), writes_calls("add()", [call])
    (True, False)
    """
    names = Counter(map(name_of_tool, calls))
    return all(times_named(text, name) >= count for name, count in names.items()) and all(
        any(spelling in text for spelling in _spellings(value))
        for call in calls
        for value in _leaves(_arguments_of(call))
    )


def quotes_arguments(text: str, calls: Sequence[Mapping[str, Any]]) -> bool:
    r"""Whether arguments that are JSON texts are in a text with a backslash before each quotation mark.

    >>> call = {"function": {"name": "add", "arguments": '{"a": 2}'}}
    >>> quotes_arguments('{"arguments": "{\\"a\\": 2}"}', [call]), quotes_arguments('{"a": 2}', [call])
    (True, False)
    """
    texts = [given for call in calls if isinstance(given := _arguments_of(call), str) and '"' in given]
    return any(
        given not in text
        and any(json.dumps(given, ensure_ascii=escaped) in text for escaped in (True, False))
        for given in texts
    )


def _arguments_of(call: Mapping[str, Any]) -> Any:
    function = call.get("function", call)
    return (function if isinstance(function, Mapping) else call).get("arguments")


def _leaves(arguments: Any) -> Iterator[Any]:
    """The values in the arguments of a call. The arguments may be a JSON text."""
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except ValueError:
            yield arguments
            return
    if isinstance(arguments, Mapping):
        arguments = list(arguments.values())
    if isinstance(arguments, list):
        for value in arguments:
            if isinstance(value, Mapping | list):
                yield from _leaves(value)
            else:
                yield value
    elif arguments is not None:
        yield arguments


def _spellings(value: Any) -> set[str]:
    """A value as templates write it: as JSON with or without escapes, or as Python prints it."""
    spelled = {str(value), json.dumps(value), json.dumps(value, ensure_ascii=False)}
    # In a JSON text inside another JSON text, quotes are escaped twice.
    twice = {json.dumps(text)[1:-1] for text in spelled}
    return {text.strip('"').strip() for text in spelled | twice}
