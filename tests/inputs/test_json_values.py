"""JSON files are read with the types of all rows, and every value stays what it is."""

import json

import pytest

from local_naturalness.inputs import read_table

LISTS, OBJECTS = [["x", None], []], [{"a": 1}, {"a": 2.5}]
BLOCKS = [{"type": "text", "text": "Hi"}]
# What a column holds, and what is read if that is not the same.
COLUMNS = {
    "texts that look like JSON, beside numbers": (
        [5, "5.", "007", "null", '"Yes"', "[1, 2]", "NaN", 2.50, True, None],
        ["5", "5.", "007", "null", '"Yes"', "[1, 2]", "NaN", "2.5", "true", None],
    ),
    "texts that look like JSON, beside messages": (["5", '"Yes"', "null", BLOCKS, None], None),
    "texts that look like JSON, inside of messages": (
        [[{"role": "user", "content": BLOCKS}], [{"role": "user", "content": "5."}]],
        None,
    ),
    "arguments of calls": ([{"arguments": '{"x": 1}'}, {"arguments": {"x": "1"}}], None),
    "dates": (["2024-05-13", "2024-08-06T10:00:00Z"], None),
    "digits": ([0.12345678901234567, 1 / 3], None),
    "digits beside a mixed value": ([[0.123456789012, "a"], [0.5]], None),
    "whole numbers beyond 64 bits": (
        [14695981039346656037, 14695981039346656038, 7],
        ["14695981039346656037", "14695981039346656038", "7"],
    ),
    "whole and other numbers": ([1, 0.5, None], [1.0, 0.5, None]),
    "no number": ([float("nan"), 1.5], [None, 1.5]),
    "lists": (LISTS, None),
    "objects": (OBJECTS, [{"a": 1.0}, {"a": 2.5}]),
    "objects of other fields": ([{"a": 1}, {"b": None}, {}], None),
    "texts": (["a\u2028b", "a\x00b", "\U0001f600"], None),
}


@pytest.mark.parametrize("is_list", [False, True])
@pytest.mark.parametrize("name", COLUMNS)
def test_values_stay(name, is_list, tmp_path):
    values, expected = COLUMNS[name]
    rows = [{"a": value} for value in values]
    text = json.dumps(rows, indent=1) if is_list else "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "rows.json").write_text(text)
    assert read_table(tmp_path / "rows.json")["a"][:] == (expected or values)


LATE = {
    "nulls first": ([None], ["m"]),
    "whole numbers first": ([1], [0.5]),
    "an empty list first": ([[]], [[{"a": 1}]]),
    "fewer fields first": ([[{"role": "user", "content": "Hi"}]], [[{"role": "assistant", "thinking": "x"}]]),
    "a text first": (["Hi"], [[{"role": "user", "content": "Hi"}]]),
}


@pytest.mark.parametrize("name", LATE)
def test_what_comes_after_ten_megabytes(name, tmp_path):
    first, last = LATE[name]
    rows = [
        *({"a": value, "text": "x" * 1_000_000} for value in first * 11),
        *({"a": value, "text": "", "late": 1} for value in last),
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    table = read_table(tmp_path / "rows.jsonl")
    assert table.select_columns(["a"])[:]["a"] == first * 11 + last
    assert table["late"][-2:] == [None, 1]


def test_columns_of_recorded_agents_are_columns(tmp_path):
    row = {"id": "1", "source": "s", "model": "m", "system_prompt": "p", "messages": [{"role": "user"}]}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    assert read_table(tmp_path / "rows.jsonl").to_list() == [row]


def test_a_column_that_a_file_lacks_is_told_each_time(tmp_path, caplog):
    (tmp_path / "a.jsonl").write_text('{"prompt": "a"}\n')
    (tmp_path / "b.jsonl").write_text('{"prompt": "b", "teacher": "t"}\n')
    for _ in "12":
        assert read_table(tmp_path)["teacher"][:] == [None, "t"]
    missing = f"The column 'teacher' is missing in {str(tmp_path / 'a.jsonl')!r}. Its values are null there."
    assert caplog.messages == [missing, missing]
