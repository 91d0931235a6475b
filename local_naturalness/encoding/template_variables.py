"""The variables of a chat template, such as `enable_thinking`: which it reads, and what users may set."""

import json
import re
from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.meta

# Arguments of `apply_chat_template` itself. They are not variables of a template.
RESERVED = frozenset(
    "conversation messages tools documents chat_template add_generation_prompt continue_final_message "
    "tokenize sanitize_control_tokens padding truncation max_length return_tensors return_dict "
    "return_assistant_tokens_mask tokenizer_kwargs".split()
)
# Functions that transformers gives to every template, and the tags around what trainers train on.
_GIVEN = frozenset({"raise_exception", "strftime_now", "namespace"})
_MASK = re.compile(r"{%-?\s*(?:end)?generation\s*-?%}")


def variables(template: str) -> list[str]:
    """The names that a template reads without setting them, and that no tokenizer passes to every template.

    >>> variables("{% for m in messages %}{{ m.content }}{% endfor %}{{ '<think>' if enable_thinking }}")
    ['enable_thinking']
    """
    try:
        tree = jinja2.Environment(extensions=["jinja2.ext.loopcontrols"]).parse(_MASK.sub("", template))
    except jinja2.TemplateSyntaxError:
        return []
    found = jinja2.meta.find_undeclared_variables(tree) - RESERVED - _GIVEN
    return sorted(name for name in found if not name.endswith(("_token", "_tokens")))


def reads_variable(template: str, name: str) -> bool:
    """Whether a template reads a variable of this name; a field of a message is none.

    >>> reads_variable("{% if thinking %}", "thinking"), reads_variable("{{ m.thinking }}", "thinking")
    (True, False)
    """
    return re.search(rf"(?<![\w.'\"]){re.escape(name)}(?![\w'\"])", template) is not None


def checked_switches(switches: Any) -> dict[str, Any] | None:
    """Check the variables for a template.

    Raises:
        TypeError: the argument is neither `None` nor a mapping of names to JSON values.
        ValueError: a name is an argument of the tokenizer's method.
    """
    if switches is None:
        return None
    is_named = isinstance(switches, Mapping) and all(isinstance(name, str) for name in switches)
    try:
        told = json.dumps(dict(switches)) if is_named else None
    except (TypeError, ValueError):
        told = None
    if told is None:
        raise TypeError(
            "`chat_template_kwargs` must be a dict of template variables with JSON values, such as "
            f"{{'enable_thinking': True}}; found {switches!r}."
        )
    reserved = sorted(RESERVED & set(switches))
    if reserved:
        raise ValueError(
            f"`chat_template_kwargs` sets {', '.join(map(repr, reserved))}, which cannot be set there: "
            "pass only variables that the template itself reads, such as `enable_thinking`."
        )
    return json.loads(told)
