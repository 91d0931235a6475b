"""A student that predicts text worse than a uniform guess cannot read it, and this is said once."""

import math

import pytest
from datasets import Dataset

from local_naturalness import GlobalScorer, LocalScorer
from local_naturalness.embedded import candidates_path, student_path
from local_naturalness.scorers.logged_doubts import Doubts

ENGLISH = (
    "The Roman Empire was one of the largest empires of antiquity. Its legions marched across Europe, and "
    "its roads survive today. Latin lives on in many languages."
)


def told(caplog):
    return [message for message in caplog.messages if "cannot read these responses" in message]


@pytest.mark.parametrize("kind", [LocalScorer, GlobalScorer])
def test_the_embedded_student_cannot_read_english(kind, caplog):
    rows = {"prompt": ["Tell me about Rome."] * 2, "response": [ENGLISH] * 2}
    scorer = kind(student_path())
    scored = scorer(rows)
    scorer(rows)
    (message,) = told(caplog)
    (mean, _) = scored[scorer.criterion]
    assert f"is {mean:.1f} nats per token" in message and mean < -math.log(1062)
    assert "a uniform guess among the student's 1,062 tokens has -7.0" in message


def test_the_embedded_student_reads_its_own_table(caplog):
    Dataset.from_json(candidates_path()).select(range(5)).map(LocalScorer(student_path()), batched=True)
    assert not told(caplog)


def test_finished_rows_of_a_store_are_told_too(tmp_path, caplog):
    rows = {"prompt": ["Tell me about Rome."], "response": [2 * ENGLISH]}
    for _ in range(2):
        caplog.clear()
        LocalScorer(student_path(), store=tmp_path)(rows)
        assert len(told(caplog)) == 1


@pytest.mark.parametrize(
    ("scores", "is_told"),
    [
        ([(-7.1, 100)], True),
        ([(-7.1, 99)], False),  # a few tokens tell nothing: a short answer may surprise any student
        ([(-30.0, 1), (-2.0, 99)], False),
        ([(-30.0, 40), (-2.0, 60)], True),
        ([(-6.9, 10_000)], False),
        ([], False),
    ],
)
def test_tokens_are_compared_with_a_guess(scores, is_told, caplog):
    Doubts("", are_different=False).tell_if_worse_than_a_guess(scores, "me/small", vocabulary=1062)
    assert bool(told(caplog)) == is_told
