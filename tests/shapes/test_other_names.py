"""Tables joined of tables with other names for the same columns."""

import pytest
from datasets import Dataset, concatenate_datasets

from local_naturalness.shapes import to_rows

ROW = {"prompt": "2 + 3?", "response": "It is 5, I think."}
CHAT = [{"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "It is 5."}]


def joined(*rows):
    return concatenate_datasets([Dataset.from_list([row]) for row in rows])


@pytest.mark.parametrize(
    ("other", "says"),
    [
        (
            {"prompt": "4?", "answer": "8."},
            "'response' is null and 'answer' has a value.*{'answer': 'response'}",
        ),
        ({"question": "4?", "response": "8."}, "{'question': 'prompt'}"),
        ({"problem": "4?", "generation": "8."}, "{'problem': 'prompt', 'generation': 'response'}"),
        ({"prompt": "4?", "generations": ["8.", "9."]}, "'generations' has a value.*one shape.*`to_rows`"),
        ({"messages": CHAT}, "'prompt' and 'response' are null and 'messages' has a value.*one shape"),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_a_value_under_another_name_is_not_lost(other, says, is_first):
    table = joined(ROW, other) if is_first else joined(other, ROW)
    with pytest.raises(ValueError, match=rf"^In 1 of 2 rows, .*{says}"):
        to_rows(table)


def test_the_teacher_may_have_another_name():
    with pytest.raises(ValueError, match=r"'teacher' is null and 'model' has a value"):
        to_rows(joined(ROW | {"teacher": "a"}, ROW | {"model": "b"}))


def test_it_is_seen_in_rows_that_were_selected():
    table = joined(ROW, ROW, {"prompt": "4?", "answer": "8."})
    assert to_rows(table.select([1, 0])).num_rows == 2
    with pytest.raises(ValueError, match="In 1 of 2 rows"):
        to_rows(table.select([2, 0]))


def test_a_column_that_is_named_is_meant():
    table = joined(ROW, {"prompt": "4?", "response": None, "answer": "8"})
    with pytest.raises(ValueError, match="remove 'answer', or pass `response_column='response'`"):
        to_rows(table)
    assert to_rows(table, response_column="response").num_rows == 2


@pytest.mark.parametrize(
    "other",
    [
        {"prompt": "4?", "response": None, "error": "timeout"},
        {"prompt": "4?", "response": None},
        {"prompt": "4?", "response": "8.", "answer": "8"},
        {"prompt": None, "response": "8."},
    ],
)
def test_what_is_only_missing_is_no_other_name(other):
    assert to_rows(joined(ROW, other)).num_rows == 2
