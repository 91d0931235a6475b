"""Eight times the text takes about eight times as long, where quadratic time would be 64 times."""

import gc
import time

import pytest

from local_naturalness.steps import resolve_splitter

SHORT, FACTOR, LIMIT = 10_000, 8, 28
MEASURABLE = 0.002

UNITS = [
    *("7", ".", "$", "\\", "`", " ", "\n", "a.", "! ", ". ", ".)", "。", "…", '"a ', ' "a', "“", "「"),
    *(r"\(", r"\[", r"\( \) ", r"\begin{a}", r"\end{a}", "$ ", " $a", "$a$ ", "$$ ", "$$\n\n"),
    *("`a ", "``` ", "\n```py\n", "\n```\n", "\n```a", "\n~~~", "<<", "<", "<think>", "</think>"),
    *("„", "‘", " '", "' ", " ”", "»", "``x'' ", "(", "[(", "([)]", "（", "<!--", "-->", "<pre>", "</pre>"),
    *(
        "a|b\n",
        "\n-|-",
        "a|b\n-|-\n",
        "> a|b\n> -|-\n",
        "-",
        "- ",
        "\n````",
        "\n```a\n````\n",
        "\n" + "`" * 40,
    ),
    *("$$\na\n\nb\n", "$$\n\nWe go\n\n", "\n\na_"),
    *("|", "\n|", "\n|a\n|-\n", "\n>", " \n", "\r\n", "\n  ", "\u2028", "A. ", "1. ", "a\n", "a "),
]


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
@pytest.mark.parametrize("name", ["sentence", "line", "paragraph"])
def test_time_is_proportional_to_length(name, unit):
    spans = resolve_splitter(name).spans
    short = unit * (SHORT // len(unit))
    ratios = (seconds(spans, short * FACTOR) / max(seconds(spans, short), MEASURABLE) for _ in "123")
    assert any(ratio < LIMIT for ratio in ratios)


def seconds(function, text):
    gc.collect()
    start = time.process_time()
    function(text)
    return time.process_time() - start
