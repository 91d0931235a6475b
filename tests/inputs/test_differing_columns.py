"""Files of one table whose columns have other names: told with a recipe that works."""

import csv
import json
import re
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_naturalness.inputs import read_table
from local_naturalness.inputs.differing_columns import missing_columns
from local_naturalness.shapes.to_rows import shaped

USUAL = [{"prompt": "2 + 3?", "teacher": "a", "response": "It is 5.", "id": "007"}]
OTHER = [{"question": "4 + 4?", "model": "b", "answer": "It is 8.", "id": "1e3"}]


def write(path, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".parquet":
        pq.write_table(pa.Table.from_pylist(rows), path)
    elif path.suffix == ".jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    else:
        with path.open("w") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)


def follow(told):
    """Run the Python code that a message recommends."""
    (code,) = re.findall(r"`(from local_naturalness.inputs import .*?)`", told)
    exec(code, {})


@pytest.mark.parametrize("names", ["{}", "t={}/0"], ids=["one folder", "partitions"])
@pytest.mark.parametrize("ending", [".parquet", ".jsonl"])
@pytest.mark.parametrize("is_first", [True, False])
def test_other_names_are_told_with_a_recipe_that_works(tmp_path, caplog, names, ending, is_first):
    first, second = (tmp_path / (names.format(name) + ending) for name in "ab")
    write(first, USUAL if is_first else OTHER)
    write(second, OTHER if is_first else USUAL)
    table = read_table(tmp_path)
    with pytest.raises(ValueError, match=r"In 1 of 2 rows, .*'answer'.* have values"):
        shaped(table)
    (told,) = caplog.messages
    other, usual = (second, first) if is_first else (first, second)
    assert f"{str(other)!r} has the columns 'question', 'model', 'answer', and {str(usual)!r} has" in told
    follow(told)
    caplog.clear()
    rows, _ = shaped(read_table(tmp_path))
    assert sorted(rows["response"]) == ["It is 5.", "It is 8."] and sorted(rows["teacher"]) == ["a", "b"]
    assert sorted(rows["prompt"]) == ["2 + 3?", "4 + 4?"] and sorted(rows["id"]) == ["007", "1e3"]
    assert not caplog.messages


def test_headers_of_csv_files(tmp_path):
    write(tmp_path / "a.csv", USUAL)
    write(tmp_path / "b.csv", [{"question": "4 + 4?", "teacher": "b", "answer": "It is 8.", "id": "1"}])
    with pytest.raises(ValueError, match=r"b.csv' has the columns question, .*, other than") as refused:
        read_table(tmp_path)
    follow(str(refused.value))
    assert read_table(tmp_path)["response"][:] == ["It is 5.", "It is 8."]


def test_files_of_several_formats(tmp_path):
    write(tmp_path / "a.jsonl", USUAL)
    write(tmp_path / "b.csv", USUAL)
    with pytest.raises(ValueError, match="several formats") as refused:
        read_table(tmp_path)
    follow(str(refused.value))
    (tmp_path / "b.csv").unlink()
    assert read_table(tmp_path)["response"][:] == ["It is 5."] * 2


def told(**columns):
    return missing_columns([Path(name) for name in columns], [names.split() for names in columns.values()])


def test_several_files_with_the_same_other_names_are_told_of_together():
    (one,) = told(a="prompt output", b="prompt response", c="prompt output", d="prompt response")
    assert one.startswith("'a' and 'c' have the column 'output', and 'b' has 'response' instead.")
    assert one.endswith("for each of these files.")


def test_three_names_for_one_column():
    first, second = told(a="prompt output", b="prompt response", c="prompt completion")
    assert "'a' has the column 'output', and 'b' has 'response' instead." in first
    assert "'c' has the column 'completion', and 'b' has 'response' instead." in second


def test_columns_whose_names_say_nothing_are_only_missing():
    assert told(a="prompt response x", b="prompt response y") == [
        "The column 'x' is missing in 'b'. Its values are null there.",
        "The column 'y' is missing in 'a'. Its values are null there.",
    ]
    assert told(a="prompt response x y", b="prompt", c="prompt") == [
        "The columns 'response', 'x', 'y' are missing in 'b' and 'c'. Their values are null there."
    ]
    assert told(a="prompt", b="prompt") == []


def test_of_two_columns_the_usual_one_is_meant():
    (one, _) = told(a="prompt answer response", b="prompt generation")
    assert "rename_columns({'generation': 'response'})" in one
