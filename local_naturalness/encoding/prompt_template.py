"""Templates that users write for their prompts in place of the student's chat template."""

from collections.abc import Callable
from string import Formatter
from typing import Any

import xxhash

from local_naturalness.spec import function_label

PromptTemplate = str | Callable[[Any], str]


def checked_template(template: Any) -> PromptTemplate | None:
    """Refuse a template that is neither an importable function nor has the field `{prompt}`."""
    if template is None:
        return None
    if callable(template):
        function_label(template)
        return template
    if isinstance(template, str) and _fields(template) == {("prompt", "", None)}:
        return template
    raise ValueError(
        "`prompt_template` must be an importable function `prompt -> str` or a format string with the field "
        f"`{{prompt}}` (other braces doubled); found {template!r}."
    )


def template_label(template: PromptTemplate) -> str:
    """What the spec says of a template: the digest of a format string, or the label of a function."""
    if isinstance(template, str):
        return xxhash.xxh3_64_hexdigest(template.encode())[:8]
    return function_label(template)


def _fields(template: str) -> set[tuple[str, str, str | None]]:
    """Name, format and conversion of each field. Empty for a template with a stray brace.

    `str.format` could also look up attributes and items and apply formats, as in `{prompt.title}`. A template
    may only use the prompt as it is.
    """
    try:
        parsed = list(Formatter().parse(template))
    except ValueError:
        return set()
    return {(name, form or "", conversion) for _, name, form, conversion in parsed if name is not None}
