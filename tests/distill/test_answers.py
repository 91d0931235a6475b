"""Reading answers, by name."""

from decimal import Decimal

import pytest
from harness.answers import boxed, check_references, final_number, is_right


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("a = 3\nanswer 7", "7"),
        ("It costs $1,200.50.", "1200.5"),
        ("So x = -4", "-4"),
        ("#### 72", "72"),
        ("5 of 6.", "6"),
        ("x = 5-3", "3"),
        ("f(2)-7", "7"),
        ("at the point (3,4)", "4"),
        ("It is \u22125", "-5"),
        ("p = .5", "0.5"),
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
        (r"so \boxed {3}", "3"),
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
    assert is_right("so 7", 7, "final_number")


@pytest.mark.parametrize("reference", [None, "", "seven"])
def test_references_without_an_answer_are_refused(reference):
    check_references(["7", 7], "final_number")
    with pytest.raises(ValueError, match="question 1 must hold an answer that 'final_number' can read"):
        check_references(["7", reference], "final_number")
