import pytest

from local_naturalness.steps import split_steps
from local_naturalness.steps.code import LONG_CODE

FUNCTION = "def f(x):\n    y = 1\n\n    if x:\n        return 1\n    return y\n\n\n"


def block(code: str) -> str:
    return f"```python\n{code}```\n"


def test_a_block_up_to_the_limit_is_one_step():
    code = "x = 1\n\n" * (LONG_CODE // 7 - 2)
    assert split_steps(block(code), "line") == [block(code)]


@pytest.mark.parametrize("splitter", ["sentence", "line", "paragraph"])
def test_a_long_block_is_split_where_blank_lines_stand(splitter):
    text = block(FUNCTION * 100)
    steps = split_steps(text, splitter)
    assert max(map(len, steps)) <= LONG_CODE
    assert len(steps) <= 1 + len(text) / (LONG_CODE - len(FUNCTION))
    assert all(step.endswith("\n\n") for step in steps[:-1])
    assert steps[-1].endswith("    return y\n\n\n```\n")


def test_a_long_block_without_blank_lines_is_split_at_top_level_statements():
    statement = "if x:\n    y = 1\nelse:\n    y = 2\n"
    steps = split_steps(block(statement * 200))
    assert all(step.startswith("if x:") for step in steps[1:])
    assert 1 < len(steps) < 10


def test_a_long_block_without_groups_is_split_at_line_ends():
    steps = split_steps(block("    y = 1\n" * 1_000))
    assert all(LONG_CODE - 20 < len(step) <= LONG_CODE for step in steps[:-1])
    assert all(step.endswith("y = 1\n") for step in steps[:-1])


def test_a_line_longer_than_the_limit_stays_whole():
    line = "y = " + "1" * (2 * LONG_CODE) + "\n"
    assert split_steps(block(line + "\nz = 1\n")) == [f"```python\n{line}\n", "z = 1\n```\n"]


def test_an_open_fence_does_not_swallow_the_rest():
    prose = "We add them up. Then we stop here.\n\n" * 1_000
    steps = split_steps("```python\nx = 1\n\n" + prose)
    assert max(map(len, steps)) <= LONG_CODE


@pytest.mark.parametrize("opening", ["$", r"\(", r"\[", "$$", r"\begin{align}", "`", '"', "“", "```"])
def test_no_open_delimiter_swallows_the_rest(opening):
    prose = "We add them up. Then we stop here.\n" * 1_000
    assert max(map(len, split_steps(f"Now {opening}x. {prose}"))) <= LONG_CODE
