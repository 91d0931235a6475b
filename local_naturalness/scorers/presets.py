"""Presets: the settings that papers use for local naturalness, by name."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

# A preset differs from the defaults of `LocalScorer` only in the arguments given here.
PRESETS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        # arXiv 2510.03988v1: sentences, four of them before each.
        "v1": {"splitter": "sentence", "window": 4},
        # arXiv 2510.03988v2: steps from a column, and a share of the steps before each. Shares of 5 to 25 %
        # give the same order of teachers as training does. The largest of them is used here.
        "v2": {"window": 0.25},
        # The baseline in the scripts of LARK (arXiv 2605.30651): blank lines, else lines.
        "lark-baseline": {"splitter": "blank-line", "window": 4},
        # The baseline of RSR (arXiv 2601.14249): every token has the same weight, not every step.
        "rsr-baseline": {"splitter": "sentence", "window": 4, "weighting": "token"},
    }
)


def preset_settings(name: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments of `LocalScorer` for a preset and the user's other settings.

    Raises:
        ValueError: the preset is unknown, lacks an argument that it needs, or a setting contradicts it.

    >>> preset_settings("rsr-baseline", {"suffix": "_rsr"})
    {'splitter': 'sentence', 'window': 4, 'weighting': 'token', 'suffix': '_rsr'}
    """
    if name not in PRESETS:
        raise ValueError(f"Unknown preset {name!r}; there are {', '.join(map(repr, PRESETS))}.")
    settings = PRESETS[name]
    changed = [key for key, value in given.items() if key in settings and value != settings[key]]
    if changed:
        said = ", ".join(f"{key}={settings[key]!r}" for key in changed)
        raise ValueError(
            f"The preset {name!r} sets {said}: leave that out, or call `LocalScorer(...)` with your own "
            "settings."
        )
    if name == "v2" and given.get("steps_column") is None:
        raise ValueError(
            "The preset 'v2' needs responses that are already split into steps: name the column that holds "
            "each response as a list of steps with `steps_column=`."
        )
    return {**settings, **given}
