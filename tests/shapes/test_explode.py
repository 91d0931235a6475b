"""`explode`: one row per item of lists that run parallel, compared with a loop that can be checked by eye."""

import pytest
from datasets import Dataset, DatasetDict, Features, List, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from local_naturalness.shapes import explode

WIDE = {
    "prompt": ["2 + 3?", "4 + 4?", "1 + 1?"],
    "response": [["5.", "6."], [], None],
    "ok": [[True, False], None, None],
    "tags": [["a"], ["b"], ["c"]],
}
LONG = {
    "prompt": ["2 + 3?", "2 + 3?", "4 + 4?", "1 + 1?"],
    "response": ["5.", "6.", None, None],
    "ok": [True, False, None, None],
    "tags": [["a"], ["a"], ["b"], ["c"]],
}


@pytest.mark.parametrize("lists", [None, ["response", "ok"]])
def test_lists_become_rows(lists):
    wide = Dataset.from_dict(WIDE)
    assert explode(wide, lists).to_dict() == LONG
    stream = list(explode(wide.to_iterable_dataset(), lists))
    assert stream == explode(wide, lists).to_list()
    assert explode(DatasetDict({"test": wide}), lists)["test"].to_dict() == LONG


def test_only_the_lists_that_are_named():
    assert explode(Dataset.from_dict(WIDE), ["response"])["ok"][:2] == [[True, False], [True, False]]


def test_rows_of_a_choice_and_other_formats():
    chosen = Dataset.from_dict(WIDE).select([2, 0]).with_format("numpy")
    assert explode(chosen)["prompt"][:] == ["1 + 1?", "2 + 3?", "2 + 3?"]


rows = st.lists(st.one_of(st.none(), st.lists(st.text("ab", max_size=2), max_size=3)), min_size=1, max_size=5)


@settings(max_examples=25, deadline=None)
@given(rows)
def test_like_a_plain_loop(responses):
    expected = []
    for number, response in enumerate(responses):
        for item in response or [None]:
            expected.append((number, item))
    features = Features({"number": Value("int64"), "response": List(Value("string"))})
    wide = Dataset.from_dict({"number": range(len(responses)), "response": responses}, features)
    found = explode(wide, ["response"])
    assert list(zip(found["number"], found["response"], strict=True)) == expected


@pytest.mark.parametrize(
    ("columns", "lists", "says"),
    [
        (
            {"response": [["a"], ["b"]], "ok": [[True], [True, False]]},
            ["response", "ok"],
            "In row 1 the list 'ok' has 2",
        ),
        ({"response": [["a"]]}, ["answer"], r"names \['answer'\]"),
        ({"answer": [["a"]]}, None, "Which column holds the lists"),
        ({"responses": [["a"]], "generations": [["a"]]}, None, "Which column holds the lists"),
    ],
)
def test_what_is_refused(columns, lists, says):
    with pytest.raises(ValueError, match=says):
        explode(Dataset.from_dict(columns), lists)
