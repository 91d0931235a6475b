"""Results as notebooks show them: the numbers of the text, and nothing from data that acts."""

from html.parser import HTMLParser

import pytest
from datasets import Dataset

from local_naturalness import compare_criteria, rank_teachers

EVIL = '"><img src=x onerror=alert(1)>\u202e</table><script>'


class Seen(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.tags, self.text = set(), ""
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags |= {tag, *(name for name, _ in attributes)}

    def handle_data(self, data):
        self.text += f"{data}\n"


@pytest.fixture
def scored():
    return Dataset.from_dict(
        {
            "prompt": ["p", "p", "q", "q"],
            "teacher": ["a", EVIL, "a", EVIL],
            "local_naturalness": [-0.9, -0.4, -0.6, -0.2],
        }
    )


@pytest.mark.parametrize("make", [rank_teachers, compare_criteria])
def test_a_notebook_shows_what_the_terminal_shows(make, scored):
    result = make(scored)
    seen = Seen(result._repr_html_())
    assert seen.tags <= {*"table caption thead tbody tr th td ul li p strong scope".split()}
    assert "\u202e" not in seen.text and r"onerror=alert(1)>\u202e</table><script>" in seen.text
    for sentence in [*result.notes, *getattr(result, "warnings", [])]:
        assert sentence.replace("\u202e", r"\u202e") in seen.text

    assert ("-0.3000" if make is rank_teachers else "100.0%") in seen.text.split()
