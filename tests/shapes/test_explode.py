"""`explode`: one row per item of lists that run parallel, compared with a loop that can be checked by eye."""

import pytest
from datasets import Dataset, DatasetDict, Features, List, Value
from hypothesis import given, settings
from hypothesis import strategies as st

from local_naturalness.shapes import explode, to_rows

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


def test_one_verdict_list_that_is_too_short(caplog):
    """The column is split all the same; the verdicts of that row are not known, and it is named."""
    columns = {
        "problem": ["2 + 3?", "4 + 4?", "1 + 1?"],
        "generations": [["5.", "6."], ["8.", "9."], ["2."]],
        "correctness_math_verify": [[True, False], [True], [True]],
    }
    split = {"generations": ["5.", "6.", "8.", "9.", "2."]}
    split["correctness_math_verify"] = [True, False, None, None, True]
    for dataset in (Dataset.from_dict(columns), Dataset.from_dict(columns).to_iterable_dataset()):
        for rows in (explode(dataset), to_rows(dataset)):
            assert [row["correctness_math_verify"] for row in rows] == split["correctness_math_verify"]
    assert (
        caplog.text.count("In row 1 the list `correctness_math_verify` has 1 item and `generations` has 2")
        == 4
    )
    with pytest.raises(ValueError, match="In row 1 the list 'correctness_math_verify' has 1 item and"):
        explode(Dataset.from_dict(columns), ["generations", "correctness_math_verify"])


@pytest.mark.parametrize(
    ("name", "lists", "is_split", "says"),
    [
        ("tags", [["a", "b"], ["c"], ["d", "e", "f"]], False, ""),  # no verdicts: hardly ever as long
        ("flags", [[True], [True], [True, True]], False, "In row 0 the list `flags` has 1 item"),
        ("flags", [[True, False], None, [True]], True, ""),
        (
            "flags",
            [[True, False], [True, True], [False, True]],
            True,
            "In row 2 the list `flags` has 2 items",
        ),
    ],
)
def test_which_lists_run_parallel(name, lists, is_split, says, caplog):
    dataset = Dataset.from_dict({"generations": [["5.", "6."], ["8.", "9."], ["2."]], name: lists})
    assert isinstance(explode(dataset)[0][name], list) is not is_split
    assert says in caplog.text and bool(says) == bool(caplog.text)
