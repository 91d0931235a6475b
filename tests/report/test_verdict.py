"""The first sentence of the page claims no more than the ranking shows."""

import pytest
from datasets import Dataset
from report_page import Page

from local_naturalness.report import write_report


def rows(scores):
    """One row per prompt and teacher; `None` where a teacher has no answer."""
    return Dataset.from_list(
        [
            {
                "prompt": f"p{p}",
                "teacher": name,
                "response": "Yes.",
                "local_naturalness": score,
                "num_tokens": 2,
            }
            for name, of_prompts in scores.items()
            for p, score in enumerate(of_prompts)
            if score is not None
        ]
    )


PLAIN = [-1.0, -1.2, -1.1, -1.4, -1.3, -1.2]
WORSE = [-1.9, -2.2, -2.0, -2.4, -2.1, -2.3]
BEHIND = [-0.3, -0.4, -0.2, *[-0.3] * 8]
UNSURE = [-20.0, *[2.0] * 9, -4.0]
ONCE = [*[None] * 5, -0.2]


@pytest.mark.parametrize(
    ("scores", "says"),
    [
        (
            {"once": ONCE, "a": PLAIN, "b": WORSE},
            "it is not known which teacher comes first: once has the best mean, -0.1250, 1.0750 ahead of a, "
            "but a single prompt compares once with other teachers.",
        ),
        ({"a": PLAIN, "once": [*[None] * 5, -1.3]}, "it is not known which teacher comes first: a has"),
        ({"a": PLAIN, "b": PLAIN}, "a and b have the same mean, -1.2000, so neither of them comes first."),
        ({"a": PLAIN, "b": WORSE}, "over only 6 prompts that compare teachers, too few to rely on."),
        (
            {"a": 44 * [0.0], "b": 4 * BEHIND, "c": 4 * UNSURE, "d": 22 * [-99.0, -98.0]},
            "over 44 prompts. With other prompts, c may come first: the interval of its gap contains 0.",
        ),
        (
            {"a": 44 * [0.0], "b": 4 * UNSURE, "c": 4 * [gap - 0.2 for gap in UNSURE]},
            "With other prompts, b or c may come first: the intervals of their gaps contain 0.",
        ),
        (
            {"a": PLAIN, "b": PLAIN, "c": PLAIN},
            "a, b and c have the same mean, -1.2000, so none of them comes first.",
        ),
        ({"a": 2 * PLAIN, "b": 2 * WORSE}, "a comes first with a mean of -1.2000"),
    ],
)
def test_the_sentence_that_names_the_first_says_what_it_rests_on(scores, says, tmp_path):
    assert says in Page(write_report(rows(scores), tmp_path / "report.html")).text
