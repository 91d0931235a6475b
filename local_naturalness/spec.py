"""The spec: a short string next to every score that says what the score depends on."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import xxhash
from datasets.fingerprint import Hasher

from local_naturalness.version import __version__

# Increased whenever the same settings give other scores than before, so that cached scores are not reused.
SCORING_VERSION = 1
# Key of the digest of the user's functions. It is not part of the `id`: earlier versions did not write it.
CODE = "code"
# Keys of a spec that are neither settings nor their `id`.
_BESIDE = ("model_type", "tokenizer_class", CODE, "local_naturalness")


def write_spec(
    label: str,
    identity: Mapping[str, str],
    settings: Mapping[str, Any],
    kind: Mapping[str, str] | None = None,
) -> str:
    """Describe a scorer in one line of `key=value` pairs.

    Args:
        label: the student's name and commit.
        identity: digests of the student.
        settings: settings of the scorer, without those that have their default value.
        kind: what else to tell: `model_type` and `tokenizer_class`, if they say which family the student
            belongs to, and `code`, the digest of the user's functions.

    Returns:
        A line such as `student=org/name@0123456789ab; scorer=local; window=4; ...; id=01234567`. Scores with
        the same `id` may be compared. The kind and the version of the library do not change the `id`.
    """
    parts = [SCORING_VERSION, dict(identity), dict(settings)]
    digest = xxhash.xxh3_64_hexdigest(json.dumps(parts, sort_keys=True).encode())[:8]
    pairs = {
        "student": label,
        **settings,
        "dtype": identity["dtype"],
        **(kind or {}),
        "local_naturalness": __version__,
        "id": digest,
    }
    return "; ".join(f"{key}={_shown(value)}" for key, value in pairs.items())


def read_spec(spec: str) -> dict[str, str]:
    """Read a spec back.

    >>> read_spec("student=me/tiny@0123; scorer=local; window=4")
    {'student': 'me/tiny@0123', 'scorer': 'local', 'window': '4'}
    """
    return dict(pair.split("=", 1) for pair in spec.split("; ") if "=" in pair)


def student_of(spec: str) -> tuple[str, str]:
    """Name and commit (or digest) of the student in a spec; empty if the spec does not say.

    >>> student_of("student=me/tiny@0123; window=4")
    ('me/tiny', '0123')
    """
    label = read_spec(spec).get("student", "")
    name, at, commit = label.rpartition("@")
    return (name, commit) if at else (label, "")


def may_be_compared(spec: str, other: str) -> bool:
    """Whether scores of two specs mean the same. Versions of the library may differ."""
    ids = [read_spec(one).get("id") for one in (spec, other)]
    return ids[0] == ids[1] and same_code(spec, other) if all(ids) else spec == other


def same_code(spec: str, other: str) -> bool:
    """Whether the functions of the user, such as splitters, were the same, as far as two specs tell.

    >>> same_code("splitter=mine.cut/0a; code=01", "splitter=mine.cut/0a; code=02")
    False
    >>> same_code("splitter=mine.cut/0a; code=01", "splitter=mine.cut/0a")
    True
    """
    codes = {read_spec(one).get(CODE) for one in (spec, other)}
    return len(codes - {None}) < 2


def settings_in(spec: str) -> dict[str, str]:
    """All keys of a spec but the kind of the student and the version. Empty for other texts.

    >>> settings_in("student=me/tiny@0123; window=4; model_type=qwen2; local_naturalness=0.2.0; id=01")
    {'student': 'me/tiny@0123', 'window': '4', 'id': '01'}
    """
    return {key: value for key, value in read_spec(spec).items() if key not in _BESIDE}


def same_settings(spec: str, other: str) -> bool:
    """Whether two lines have the same settings. The kind of the student and the version may differ.

    >>> same_settings("window=4; local_naturalness=0.1.0; id=01", "window=4; local_naturalness=0.2.0; id=01")
    True
    """
    return spec == other or (settings_in(spec) == settings_in(other) != {} and same_code(spec, other))


def spec_difference(spec: str, other: str) -> str:
    """The settings in which two specs differ, in words.

    >>> spec_difference("scorer=local; window=4; id=01", "scorer=local; window=8; dtype=float32; id=02")
    'window 4 and 8, dtype default and float32'
    """
    one, two = settings_in(spec), settings_in(other)
    keys = [key for key in one | two if key != "id" and one.get(key) != two.get(key)]
    if not keys and not same_code(spec, other):
        return "the code of a function that was passed"
    if not keys:
        return "something that the spec does not spell out, such as the student's weights or tokenizer"
    return ", ".join(f"{key} {one.get(key, 'default')} and {two.get(key, 'default')}" for key in keys)


def function_label(function: Callable[..., Any]) -> str:
    """Name of an importable function with a digest of how `datasets` pickles it.

    Different functions have different labels. The digest of a function that is imported from a module covers
    its location, not its code.

    Raises:
        ValueError: the function is a lambda or is defined inside another one, so other processes cannot
            import it.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    if "<" in name:
        raise ValueError(
            f"The function {name!r} cannot be imported by name, so neither the cache nor a worker process "
            "could identify it. Define it with `def` at the top level of a module."
        )
    return f"{function.__module__}.{name}/{Hasher.hash(function)[:8]}"


def json_setting(value: Mapping[str, Any]) -> str:
    """A setting as JSON for a spec: independent of the order of keys, and without the separator.

    >>> json_setting({"b": "x; y", "a": True})
    '{"a":true,"b":"x;\\\\u0020y"}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":")).replace("; ", ";\\u0020")


def _shown(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
