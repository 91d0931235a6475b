"""A table of Arrow comes back whole, with typed columns behind its own."""

import pyarrow as pa
import pytest
from datasets import Dataset

from local_naturalness import GlobalScorer, LocalScorer
from local_naturalness.embedded import student_path

ROWS = {"prompt": ["2 + 3?", None, "Why?"], "response": ["It is 5. Yes.", "No.", None], "teacher": [1, 2, 3]}


@pytest.fixture(
    scope="module",
    params=[
        LocalScorer(student_path(), return_steps=True, suffix="_a"),
        GlobalScorer(student_path(), statistics=["rank", "steps"]),
    ],
    ids=["local", "global"],
)
def scorer(request):
    return request.param


@pytest.mark.parametrize("text", [pa.string(), pa.large_string(), pa.string_view()])
def test_columns_are_those_of_a_batch(scorer, text):
    table = pa.table(ROWS).cast(pa.schema({"prompt": text, "response": text, "teacher": pa.int64()}))
    found, expected = scorer(table), scorer(ROWS)
    assert found.column_names == [*ROWS, *expected]
    assert found.schema.field("prompt").type == text
    assert {name: found[name].to_pylist() for name in expected} == expected


@pytest.mark.parametrize("responses", [[None, None], []])
def test_types_do_not_depend_on_what_has_a_score(scorer, responses):
    unscored = pa.table({"prompt": ["a"] * len(responses), "response": pa.array(responses, pa.null())})
    found, expected = scorer(unscored), scorer(pa.table(ROWS))
    for name in expected.column_names[3:]:
        assert found.schema.field(name).type == expected.schema.field(name).type, name


def test_scoring_again_adds_nothing(scorer):
    once = scorer(pa.table(ROWS))
    assert scorer(once).equals(once)


def test_conversations_are_recognised():
    turns = [[{"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "It is 5."}]]
    scorer = LocalScorer(student_path())
    found = LocalScorer(student_path())(pa.table({"messages": turns}))
    expected = scorer({"prompt": ["2 + 3?"], "response": ["It is 5."]})
    assert found["local_naturalness"].to_pylist() == expected["local_naturalness"]
    assert found.column_names[0] == "messages"


def test_datasets_with_the_format_arrow(scorer):
    plain = Dataset.from_dict(ROWS).map(scorer, batched=True)
    found = Dataset.from_dict(ROWS).with_format("arrow").map(scorer, batched=True).with_format(None)
    assert found.column_names == plain.column_names
    assert found[:] == plain[:]
