"""Names of teachers and content of prompts, in the types in which datasets hold them."""

import numpy as np
import pytest
from datasets import ClassLabel, Dataset, Features, Json, List, Value

from local_naturalness import select_responses
from local_naturalness.tables import Columns

CALL = {
    "role": "assistant",
    "content": "",
    "tool_calls": [{"name": "f", "arguments": {"city": "Ulm", "day": 1}}],
}
MOVED = {
    "tool_calls": [{"arguments": {"day": 1, "city": "Ulm"}, "name": "f"}],
    "content": "",
    "role": "assistant",
}
FILLED = CALL | {"name": None}
OTHER = CALL | {"content": "Look."}


def test_a_label_that_is_missing_is_no_teacher():
    features = Features({"teacher": ClassLabel(names=["a", "b"])})
    columns = Columns.of(Dataset.from_dict({"teacher": [1, -1, None, 0]}, features))
    codes, names = columns.labels("teacher")
    assert [None if code < 0 else names[code] for code in codes] == ["b", None, None, "a"]


def test_teachers_of_two_types_are_told_by_their_names():
    teachers = [1, "b", "1", None]
    columns = Columns.of(Dataset.from_dict({"teacher": teachers}, Features({"teacher": Json()})))
    codes, names = columns.labels("teacher")
    assert names == ["1", "b"]
    assert codes.tolist() == [0, 1, 0, -1]


@pytest.mark.parametrize("feature", [List(Json()), Json()], ids=["list of JSON", "JSON"])
def test_the_order_of_keys_and_nulls_that_were_filled_in_do_not_make_another_prompt(feature):
    prompts = [[CALL], [MOVED], [OTHER], None, [FILLED]]
    dataset = Dataset.from_dict({"prompt": prompts}, Features({"prompt": feature}))
    assert Columns.of(dataset).prompt_codes("prompt").tolist() == [0, 0, 1, -1, 0]
    assert Columns.of(dataset.select([4, 2, 1])).prompt_codes("prompt").tolist() == [0, 1, 0]
    keys = Columns.of(dataset).content_keys("prompt", np.arange(5), seed=0)
    assert keys[0] == keys[1] == keys[4] != keys[2]


def test_selection_groups_prompts_whose_keys_are_in_another_order():
    rows = {"prompt": [[CALL], [MOVED], [OTHER]], "teacher": ["a", "b", "a"], "response": ["x", "y", "z"]}
    features = Features({"prompt": List(Json()), "teacher": Value("string"), "response": Value("string")})
    dataset = Dataset.from_dict(rows, features).add_column("local_naturalness", [-1.0, -0.5, -0.2])
    assert select_responses(dataset)["teacher"][:] == ["b", "a"]
    stream = dataset.to_iterable_dataset()
    assert [row["teacher"] for row in select_responses(stream)] == ["b", "a"]
