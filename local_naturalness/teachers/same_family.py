"""Whether a teacher may belong to the student's model family, judged by names."""

import json
from collections.abc import Mapping
from typing import Any

from local_naturalness.family import family_words, words_of_kind
from local_naturalness.hub_cache import cached_snapshots
from local_naturalness.spec import read_spec, student_of


def student_words(spec: str) -> set[str]:
    """The words about the student's family in a scorer's spec.

    The student's name, and the `model_type` and the class of tokenizer: as the spec has them, else from the
    configuration of a hub id in the local cache, where scoring has put it. Nothing is downloaded.

    Example:

    >>> sorted(student_words("student=me/mine@d149; model_type=qwen2; tokenizer_class=Qwen2Tokenizer"))
    ['mine', 'qwen']
    """
    told = read_spec(spec)
    name, commit = student_of(spec)
    model_types, tokenizer_class = told.get("model_type", ""), told.get("tokenizer_class", "")
    if not model_types:
        # Specs of earlier versions tell neither.
        model_types = _types(_cached(name, commit, "config.json"))
        tokenizer_class = str(_cached(name, commit, "tokenizer_config.json").get("tokenizer_class") or "")
    return family_words(name) | words_of_kind(model_types, tokenizer_class)


def shared_family(student: set[str], teacher: str) -> str | None:
    """A word that tells the same of the student and of a teacher.

    Example:

    >>> shared_family({"qwen", "mine"}, "qwen3-235b-thinking"), shared_family({"qwen"}, "QwQ-32b")
    ('qwen', 'qwen')
    >>> shared_family({"qwen"}, "llama-3-instruct") is None
    True
    """
    return min(student & family_words(teacher), default=None)


def _types(config: Mapping[str, Any]) -> str:
    """Of a model and of its part that reads text."""
    inner = config.get("text_config")
    parts = [config, inner if isinstance(inner, dict) else {}]
    return ",".join(dict.fromkeys(str(part["model_type"]) for part in parts if part.get("model_type")))


def _cached(name: str, commit: str, file: str) -> dict[str, Any]:
    """A file of JSON that the local cache of the Hub may hold, else nothing."""
    for snapshot in cached_snapshots(name, commit):
        try:
            found = json.loads((snapshot / file).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            # Not readable as a configuration: the name alone has to tell.
            continue
        if isinstance(found, dict):
            return found
    return {}
