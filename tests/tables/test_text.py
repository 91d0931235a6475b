"""Text for terminals is as wide as they are, in whatever script names are written."""

import textwrap

import pandas as pd
import pytest

from local_naturalness.tables.text import (
    decimals_for,
    list_markdown,
    number_text,
    shortened,
    shown_width,
    table_markdown,
    table_text,
    wrapped,
)

NAMES = ["通义千问-大模型-数学专用版本", "175b_finetuning", "a-very-long-name-" + "x" * 90, "모델", "Ünïcode"]
SENTENCE = (
    "Of the gap of 0.0197 nats between {} and {}, 0.003 (-0.002 to 0.008) is explained by length (tokens)."
)


@pytest.mark.parametrize("width", [20, 60, 80, 200])
def test_no_line_is_wider_than_the_terminal(width):
    for name in NAMES:
        lines = wrapped(SENTENCE.format(name, NAMES[0]), width).split("\n")
        assert max(map(shown_width, lines)) <= width
        assert "".join("".join(lines).split()) == "".join(SENTENCE.format(name, NAMES[0]).split())
        assert shown_width(shortened(name, 15)) <= 15
    frame = pd.DataFrame({"mean": ["-1.3710"] * 5, "95 % of the gap": ["-0.03 to 0.01"] * 5}, index=NAMES)
    table = table_text(frame, max(width, 40)).split("\n")
    assert max(map(shown_width, table)) <= max(width, 40)
    # The columns of a table stand below each other.
    assert len({shown_width(line[: line.index("0.01") + 4]) for line in table if "0.01" in line}) == 1


@pytest.mark.parametrize("width", [20, 33, 80])
def test_lines_break_where_textwrap_breaks_them(width):
    text = "Warning: a leads, but is best in only 67% of the bootstrap draws: the data do not tell it-self"
    expected = textwrap.fill(text, width, subsequent_indent="  ", break_on_hyphens=False)
    assert wrapped(text, width) == expected


def test_a_name_stays_in_its_cell_of_a_markdown_table():
    frame = pd.DataFrame({"mean": ["1", "2"]}, index=[r"back\|bar", "通义|*b* `c` <b>"])
    rows = table_markdown(frame, "teacher").split("\n")[2:]
    assert rows == [r"| back\\\|bar | 1 |", r"| 通义\|\*b\* \`c\` \<b> | 2 |"]


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        "a`b <b>",
        "``` <b>",
        "```x`<b>```",
        "\\` <b>",
        "\\<b>",
        "[here](http://x.org)",
        "_a_ *b* &lt;",
    ],
)
def test_no_name_acts_as_markdown_in_a_sentence(name):
    markdown = pytest.importorskip("markdown_it", reason="needs the extra 'docs'").MarkdownIt("commonmark")
    sentence = f'{name} leads, and {name}, too: pass `where="a < 3"`.'
    for text in (list_markdown([sentence]), table_markdown(pd.DataFrame({"x": ["1"]}, index=[name]), "y")):
        kinds = {child.type for token in markdown.parse(text) for child in [token, *(token.children or [])]}
        assert not kinds & {"html_inline", "html_block", "link_open", "em_open", "strong_open", "entity"}
    shown = "".join(
        child.content for token in markdown.parse(list_markdown([sentence])) for child in token.children or []
    )
    # What is shown is the sentence, except that backticks of code are not.
    assert shown.replace("`", "").split() == sentence.replace("`", "").split()


@pytest.mark.parametrize("size", [1e-6, 0.02, 0.9, 3.0, 70.0, 1e6])
def test_two_numbers_of_any_size_that_differ_by_a_percent_look_different(size):
    places = decimals_for(1.01 * size)
    assert number_text(size, places) != number_text(1.01 * size, places)
