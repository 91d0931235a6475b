"""Lines and paragraphs. ``¦`` shows where the boundaries are expected."""

import pytest

from local_naturalness.steps import split_steps

LINES = {
    "every line": "One. Two.\n¦Three\n\n¦  Four\r\n¦5\u2028¦Six",
    "display": "We find\n¦\\[\nx\n\n= 1\n\\]\n¦so we stop",
    "display dollars": "We find\n¦$$\nx\n= 1\n$$\n¦so we stop",
    "environment": "We find\n¦\\begin{cases}\na\n\nb\n\\end{cases}\n¦so we stop",
    "code block": "We run\n¦```python\nx = 1\n\ny = 2\n```\n¦so we stop",
    "table": "We list\n¦| a |\n|---|\n| 1 |\n¦so we stop",
    "inline mathematics": "Let $x\n= 1$ be\n¦and \\(y\n= 2\\) be\n¦so we stop",
    "formula": "Let \\(a \\le b\\) and \\(c\n\\sum d\\) be\n¦so \\(f(x \\(y\n¦we stop",
    "open display": "We find\n¦\\[\n¦x = 1",
    "dollars across a blank line": "We find $$\n¦x = 1\n\n¦and $$ here",
}
PARAGRAPHS = {
    "blank lines": "One\ntwo\n\n¦three\n \t\n\n¦  four\r\nfive\r\n\r\n¦six",
    "code block": "We run\n\n¦```\nx = 1\n\ny = 2\n```\nthen\n\n¦we stop",
    "display": "We find\n\\[\nx\n\n= 1\n\\]\n\n¦so we stop",
}


@pytest.mark.parametrize("case", LINES)
def test_lines(case):
    marked = LINES[case]
    assert "¦".join(split_steps(marked.replace("¦", ""), "line")) == marked


@pytest.mark.parametrize("case", PARAGRAPHS)
def test_paragraphs(case):
    marked = PARAGRAPHS[case]
    assert "¦".join(split_steps(marked.replace("¦", ""), "paragraph")) == marked
