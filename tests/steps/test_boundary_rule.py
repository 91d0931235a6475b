"""What holds for every splitter and every text: nothing is lost, boundaries stand by the rule."""

import re
import sys
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from local_naturalness.steps import resolve_splitter, split_steps
from local_naturalness.steps.tiling import HORIZONTAL_SPACE, NEWLINES, tile

SPLITTERS = [
    "sentence",
    "line",
    "paragraph",
    re.compile(r"(\. |\? )"),
    re.compile(r"(?<=\.)"),
]

# Whatever opens, closes, ends or separates something, and what may confuse the search for it.
FRAGMENTS = [
    *"aZ1.!?…:;,-|*_#~<>()[]{}$`\"'\\ \t\n\r\x0b\x0c\x1c\x85\u2028\u00a0\u3000",
    *"。！「」“”«»\0\x11\x12\x13\x14\x15\x16",
    *r"\( \) \[ \] \$ \\ $$ $$$ `` ``` ~~~ << >> <<1+1=2>> \begin{align} \end{align}".split(),
    *r"\begin{proof} <think> </think> <|im_end|> e.g. Eq. 3. 2) |---| ... .) J. 5! a.b".split(),
    *(
        "\n\n",
        "\r\n",
        "\n```py\n",
        "\n```\n",
        "\n| a |\n|---|\n",
        "\n    ",
        ". A",
        "\ud800",
        "\udfff",
    ),
    *("中文", "é", "e\u0301", "👩‍🔬", "word ", "x = 1\n", "if x:\n    y\n\n" * 200),
]
texts = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=3), max_size=24).map("".join)


@settings(max_examples=5_000, deadline=None)
@given(text=texts)
@example("")
@example(" \n ")
@example("\ud800. \udfff")
def test_steps_tile_the_text_and_boundaries_stand_by_the_rule(text):
    for splitter in SPLITTERS:
        steps = split_steps(text, splitter)
        assert "".join(steps) == text
        assert all(steps)
        if text.strip():
            assert all(step.strip() for step in steps)
        for before, after in pairwise(steps):
            assert_boundary_stands_by_the_rule(before, after)


def assert_boundary_stands_by_the_rule(before: str, after: str) -> None:
    opening_space = after[: len(after) - len(after.lstrip())]
    assert not set(opening_space) & set(NEWLINES), "newlines stand before a boundary"
    closing_space = before[len(before.rstrip()) :]
    assert not closing_space or closing_space[-1] in NEWLINES, "other space stands after it"


@pytest.mark.parametrize(
    ("text", "boundary", "expected"),
    [
        ("a b", 1, ["a", " b"]),
        ("a b", 2, ["a", " b"]),
        ("a \t b", 2, ["a", " \t b"]),
        ("a\nb", 1, ["a\n", "b"]),
        ("a \n\n  b", 1, ["a \n\n", "  b"]),
        ("a \n\n  b", 6, ["a \n\n", "  b"]),
        ("a\r\nb", 2, ["a\r\n", "b"]),
        ("a\u2028 b", 1, ["a\u2028", " b"]),
        ("ab", 1, ["a", "b"]),
        ("  a", 1, ["  a"]),
        ("a  ", 2, ["a  "]),
        ("  ", 1, ["  "]),
        ("ab", 0, ["ab"]),
        ("ab", 2, ["ab"]),
    ],
)
def test_where_a_boundary_is_moved(text, boundary, expected):
    assert [text[start:end] for start, end in tile(text, [boundary])] == expected


def test_boundaries_in_one_run_of_space_are_one():
    assert tile("a \n b", [1, 2, 3, 4]) == [(0, 3), (3, 5)]


def test_white_space_is_what_python_says_it_is():
    characters = [chr(code) for code in range(sys.maxunicode + 1)]
    newlines = {c for c in characters if len(f"a{c}a".splitlines()) > 1}
    assert set(NEWLINES) == newlines
    assert set(HORIZONTAL_SPACE) == {c for c in characters if c.isspace()} - newlines


def test_no_steps_in_an_empty_text_and_one_in_white_space():
    for splitter in SPLITTERS:
        assert split_steps("", splitter) == []
        assert split_steps(" \n\n ", splitter) == [" \n\n "]
        assert resolve_splitter(splitter).spans(" \n\n ") == [(0, 4)]
