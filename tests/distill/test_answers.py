"""Reading answers, by name."""

from decimal import Decimal

import pytest
from harness.answers import boxed, final_number, is_right


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a = 3\nanswer 7", "7"),
        ("It costs $1,200.50.", "1200.5"),
        ("So x = -4", "-4"),
        ("#### 72", "72"),
        ("5 of 6.", "6"),
        ("none", None),
        ("", None),
    ],
)
def test_final_number(text, number):
    assert final_number(text) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("text", "content"),
    [
        (r"so \boxed{3}", "3"),
        (r"\boxed{1} no, \boxed{\frac{1}{ 2 }}.", r"\frac{1}{2}"),
        (r"\frac{1}{2}", r"\frac{1}{2}"),
        (r"cut \boxed{\frac{1}{2}", None),
        ("", None),
    ],
)
def test_boxed(text, content):
    assert boxed(text) == content


def test_only_a_stated_and_equal_answer_is_right():
    assert is_right("so 7.0", "A: 7", "final_number")
    assert not is_right("so 8", "A: 7", "final_number")
    assert not is_right("no idea", "no idea", "final_number")
    assert not is_right(None, "7", "final_number")
    assert is_right(r"\boxed{\sqrt{2}}", r"\sqrt{ 2 }", "boxed")
