"""Several Parquet files become one table whatever their order; nothing of a later file is lost."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_naturalness.inputs import read_table


@pytest.fixture
def read(tmp_path):
    def read(*tables):
        for number, table in enumerate(tables):
            pq.write_table(pa.table(table), tmp_path / f"{number}.parquet")
        return read_table(tmp_path)

    return read


PLAIN = {"role": "assistant", "content": "Yes."}
THINKING = {**PLAIN, "reasoning_content": "It is so."}


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (pa.nulls(1), ["x"], [None, "x"]),
        ([1], ["x"], ["1", "x"]),
        ([1], [0.5], [1.0, 0.5]),
        ([[]], [[1]], [[], [1]]),
        ([[PLAIN]], [[THINKING]], [[{**PLAIN, "reasoning_content": None}], [THINKING]]),
    ],
)
def test_types_that_hold_both(read, one, other, expected):
    assert read({"a": one}, {"a": other})["a"][:] == expected


def test_types_that_hold_both_in_the_other_order(read):
    assert read({"a": [[THINKING]]}, {"a": [[PLAIN]]})["a"][:] == [
        [THINKING],
        [{**PLAIN, "reasoning_content": None}],
    ]
    assert read({"a": ["x"]}, {"a": [1]})["a"][:] == ["x", "1"]


def test_what_no_type_holds_is_refused(read):
    with pytest.raises(ValueError, match="could not be read"):
        read({"a": [[1]]}, {"a": [{"b": 1}]})


@pytest.mark.parametrize("is_first", [True, False])
def test_a_column_that_a_file_lacks_is_told(read, caplog, is_first):
    tables = [{"a": ["1"], "teacher": ["t"]}, {"a": ["2"]}]
    table = read(*tables) if is_first else read(*reversed(tables))
    assert sorted(map(repr, table["teacher"][:])) == ["'t'", "None"]
    assert "The column 'teacher' is missing in" in caplog.text


def test_files_without_rows(read):
    empty = {"a": pa.array([], pa.string())}
    assert read(empty, {"a": ["x"]}, empty)["a"][:] == ["x"]
    with pytest.raises(ValueError, match="holds no rows"):
        read(empty, empty, empty)
