"""JSON files that are one object around the rows are read as these rows, not as a single one."""

import gzip
import json

import pytest

from local_naturalness.cli import main
from local_naturalness.inputs import read_table

ROWS = [{"prompt": "q1", "response": "007"}, {"prompt": "q2", "response": "NA"}]
SHOWN = [{"row_idx": number, "row": row, "truncated_cells": []} for number, row in enumerate(ROWS)]
QUESTION, ANSWER = {"role": "user", "content": "q"}, {"role": "assistant", "content": "a"}

AROUND = {
    "data": {"version": "1.0", "data": ROWS},
    "train": {"train": ROWS},
    "a name of one's own": {"math problems": ROWS, "costs": [{"dollars": 3}]},
    "beside a word that rows have too": {"prompt": "Think well.", "rows": ROWS},
    "the answer of the Hub's viewer": {"features": [{"name": "prompt"}], "rows": SHOWN, "num_rows_total": 2},
    "columns": {"prompt": ["q1", "q2"], "response": ["007", "NA"]},
    "pandas": {"prompt": {"0": "q1", "1": "q2"}, "response": {"0": "007", "1": "NA"}},
    "pandas, split": {
        "columns": ["prompt", "response"],
        "index": [0, 1],
        "data": [["q1", "007"], ["q2", "NA"]],
    },
}
ONE_ROW = {
    "answers as objects": {"prompt": "q", "responses": [{"model": "a", "text": "007"}]},
    "messages": {"messages": [QUESTION, ANSWER]},
    "prompt and completion": {"prompt": [QUESTION], "completion": [ANSWER]},
    "objects that are no rows": {"task": "q", "solutions": [{"by": "a", "text": "007"}]},
}


@pytest.fixture
def write(tmp_path):
    def write_(value, indent=None, name="rows.json"):
        text = json.dumps(value, indent=indent).encode()
        (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
        return tmp_path / name

    return write_


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", AROUND)
def test_the_rows_inside(name, indent, write):
    assert read_table(write(AROUND[name], indent)).to_list() == ROWS


def test_rows_by_key(write):
    value = {"a": ROWS[0], "b": ROWS[1]}
    assert read_table(write(value)).to_list() == [{"id": key, **row} for key, row in value.items()]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ONE_ROW)
def test_an_object_that_is_a_row(name, indent, write):
    assert read_table(write(ONE_ROW[name], indent)).to_list() == [ONE_ROW[name]]


def test_json_lines_of_one_line_each(write):
    path = write({"data": ROWS}, name="rows.jsonl")
    path.write_text(path.read_text() + "\n" + path.read_text())
    assert read_table(path).to_list() == [{"data": ROWS}] * 2


def test_what_is_left_out_is_told(write, caplog):
    read_table(write({"date": "today", "data": ROWS, "cost": 3}, name="rows.json.gz"))
    assert caplog.messages == [
        "rows.json.gz is one object: its list `data` is read as the rows. Its `date` and `cost` are not read."
    ]


def test_a_model_beside_the_rows_is_told_of_each(write):
    rows = read_table(write({"model": "m", "results": ROWS}))
    assert rows["model"][:] == ["m", "m"]
    own = [{**row, "model": "other"} for row in ROWS]
    assert read_table(write({"model": "m", "results": own}))["model"][:] == ["other", "other"]


def test_several_lists(write, tmp_path, capsys):
    path = write({"train": ROWS, "test": ROWS[:1]}, 2)
    command = ["score", str(path), "--student", "s", "--output", str(tmp_path / "out")]
    assert main(command) == 2
    assert (
        "is one object around 2 lists of rows ('train' and 'test'): choose one with --split"
        in capsys.readouterr().err
    )
    assert [len(read_table(path, split)) for split in ("train", "test")] == [2, 1]
    with pytest.raises(ValueError, match="2 lists of rows"):
        read_table(path, "dev")


def test_a_folder_of_objects(write, tmp_path):
    for name in ("a.json", "b.json"):
        write({"data": ROWS}, name=name)
    assert read_table(tmp_path).to_list() == ROWS * 2


def test_no_rows_and_no_json(write):
    with pytest.raises(ValueError, match="holds no rows: its list 'data' is empty"):
        read_table(write({"data": []}))
    path = write({"data": ROWS}, 2, "cut.json")
    path.write_text(path.read_text()[:-9])
    with pytest.raises(ValueError, match=r"it is not valid JSON \(.*line \d+"):
        read_table(path)
