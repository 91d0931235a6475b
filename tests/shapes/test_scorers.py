"""Scorers read the shapes that have one response per row, and say how they read them."""

import json
import pickle

import pytest
from datasets import Dataset
from datasets.fingerprint import Hasher

from local_naturalness import GlobalScorer, LocalScorer
from local_naturalness.embedded import student_path

QUESTION, ANSWER = "What is 2 + 3?", "We add. It is 5."
CHAT = [{"role": "user", "content": QUESTION}, {"role": "assistant", "content": ANSWER}]
SHAPES = {
    "messages": {"messages": CHAT},
    "messages as JSON": {"messages": json.dumps(CHAT)},
    "sharegpt": {"conversations": [{"from": "human", "value": QUESTION}, {"from": "gpt", "value": ANSWER}]},
    "trl": {"prompt": QUESTION, "completion": ANSWER},
    "trl with messages": {"prompt": CHAT[:1], "completion": CHAT[1:]},
    "alpaca": {"instruction": QUESTION, "input": "", "output": ANSWER},
}


@pytest.fixture(scope="module")
def expected():
    return LocalScorer(student_path())({"prompt": QUESTION, "response": ANSWER})


def same(found, expected):
    assert found["local_naturalness"] == pytest.approx(expected["local_naturalness"], abs=1e-5)
    assert found["local_naturalness_spec"] == expected["local_naturalness_spec"]
    assert found["local_naturalness_status"] == "ok"


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_read_as_it_is(shape, expected, caplog):
    row, scorer = SHAPES[shape], LocalScorer(student_path())
    before = Hasher.hash(scorer)
    dataset = Dataset.from_list([row, row])
    scored = dataset.map(scorer, batched=True)
    same(scored[1], expected)
    same(dataset.map(scorer)[0], expected)
    same(scorer(row), expected)
    same(next(iter(dataset.to_iterable_dataset().map(scorer, batched=True))), expected)
    assert set(row) <= set(scored.column_names)
    assert [record.message.startswith("Read as") for record in caplog.records].count(True) == 1
    assert Hasher.hash(scorer) == before
    pickle.dumps(scorer)


def test_named_columns_are_not_second_guessed():
    with pytest.raises(ValueError, match="needs the column 'answer'"):
        LocalScorer(student_path(), response_column="answer")({"messages": CHAT, "prompt": QUESTION})


def test_lists_of_responses_need_more_rows():
    rows = {"problem": [QUESTION], "generations": [[ANSWER, "5."]]}
    with pytest.raises(ValueError, match=r"a list of them \('generations'\): call `to_rows"):
        GlobalScorer(student_path())(rows)
