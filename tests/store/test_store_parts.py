"""Parts are joined when they are one whole, and refused, by name, when they are not."""

import json
import shutil

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_naturalness.cli import main
from local_naturalness.store.blocks import block_range
from local_naturalness.store.part import Part, write_part

SPEC = "student=me/tiny@0123; scorer=local; id=01234567"
TOTAL = 10


def write(folder, index, num_shards=3, rows=None, total=TOTAL, spec=SPEC, column="number"):
    rows = block_range(total, 2, index, num_shards) if rows is None else rows
    parts = folder / ".local_naturalness" / "parts"
    parts.mkdir(parents=True, exist_ok=True)
    table = pa.table({column: list(rows)})
    part = Part(index, num_shards, rows.start, len(rows), total, spec)
    write_part(parts, folder, part, (lambda path: pq.write_table(table, path)) if rows else None)


@pytest.fixture
def folder(tmp_path):
    for index in (2, 0, 1):
        write(tmp_path, index)
    return tmp_path


def part(folder, index, ending="parquet"):
    return folder / ".local_naturalness" / "parts" / f"0000{index}-of-00003.{ending}"


def refusal(folder, capsys):
    assert main(["merge", str(folder)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert not list(folder.glob("*.parquet"))
    return error


@pytest.mark.parametrize("num_shards", [1, 2, 3, 7, 10])
@pytest.mark.parametrize("total", [1, 2, 9, 10, 11])
def test_shards_are_whole_blocks_in_order(total, num_shards):
    ranges = [block_range(total, 2, index, num_shards) for index in range(num_shards)]
    assert [row for rows in ranges for row in rows] == list(range(total))
    assert all(rows.start % 2 == 0 for rows in ranges if rows)


def test_all_parts_become_the_table(folder, capsys):
    assert main(["merge", str(folder)]) == 0
    assert pq.read_table(folder / "scored.parquet")["number"].to_pylist() == list(range(TOTAL))
    assert f"{TOTAL} rows of 3 shards" in capsys.readouterr().out


def test_parts_without_rows_are_parts(tmp_path):
    for index in range(3):
        write(tmp_path, index, total=2)
    assert main(["merge", str(tmp_path)]) == 0
    assert pq.read_table(tmp_path / "scored.parquet")["number"].to_pylist() == [0, 1]


def test_help_shows_an_example(capsys):
    with pytest.raises(SystemExit) as exit_:
        main(["merge", "--help"])
    assert exit_.value.code == 0
    assert "local-naturalness merge scored" in capsys.readouterr().out.split("Example:")[1]


def test_nothing_to_merge(tmp_path, capsys):
    assert "no finished part" in refusal(tmp_path, capsys)


def test_missing_parts_are_named(folder, capsys):
    part(folder, 1, "json").unlink()
    part(folder, 0, "json").unlink()
    assert "Of 3 shards these are not finished: 0 and 1." in refusal(folder, capsys)


def test_a_part_without_its_table(folder, capsys):
    part(folder, 1).unlink()
    assert "00001-of-00003.parquet' cannot be read" in refusal(folder, capsys)


def test_a_truncated_part(folder, capsys):
    part(folder, 2).write_bytes(part(folder, 2).read_bytes()[:-9])
    assert "00002-of-00003.parquet' cannot be read" in refusal(folder, capsys)


def test_a_part_with_other_rows_than_noted(folder, capsys):
    shutil.copy(part(folder, 0), part(folder, 1))
    assert "holds 2 rows instead of 4" in refusal(folder, capsys)


def test_double_rows(folder, capsys):
    write(folder, 1, rows=range(0, 6))
    assert "Rows 0 to 1 are double before the part 00001-of-00003" in refusal(folder, capsys)


def test_missing_rows(folder, capsys):
    write(folder, 1, rows=range(4, 6))
    assert "Rows 2 to 3 are missing before the part 00001-of-00003" in refusal(folder, capsys)


def test_missing_rows_at_the_end(folder, capsys):
    write(folder, 2, rows=range(6, 8))
    assert "end with row 7 of a table of 10 rows" in refusal(folder, capsys)


def test_a_part_twice_under_other_names(folder, capsys):
    note = json.loads(part(folder, 0, "json").read_text())
    shutil.copy(part(folder, 0), part(folder, 1))
    part(folder, 1, "json").write_text(json.dumps(note))
    assert "of a part is damaged (it describes 00000-of-00003)" in refusal(folder, capsys)


def test_a_damaged_note(folder, capsys):
    part(folder, 1, "json").write_text("{")
    assert "00001-of-00003.json' of a part is damaged" in refusal(folder, capsys)


def test_parts_of_other_settings(folder, capsys):
    write(folder, 1, spec=SPEC.replace("=01234567", "=76543210"))
    error = refusal(folder, capsys)
    assert "different settings" in error and "id=01234567" in error and "id=76543210" in error


def test_parts_that_only_differ_in_the_version_of_the_library(folder):
    write(folder, 1, spec=SPEC.replace("; id", "; local_naturalness=9.9; id"))
    assert main(["merge", str(folder)]) == 0


def test_parts_of_two_runs(folder, capsys):
    write(folder, 0, num_shards=2)
    assert "num_shards=2" in refusal(folder, capsys)


def test_parts_of_two_inputs(folder, capsys):
    write(folder, 1, total=12, rows=range(2, 6))
    assert "total_rows=12" in refusal(folder, capsys)
    write(folder, 1, column="other")
    assert "00001-of-00003 has other columns" in refusal(folder, capsys)


def test_an_unfinished_part_does_not_count(folder, capsys):
    """The note of an older run is gone before its table is replaced."""

    def killed(path):
        raise KeyboardInterrupt

    parts = folder / ".local_naturalness" / "parts"
    with pytest.raises(KeyboardInterrupt):
        write_part(parts, folder, Part(1, 3, 2, 4, TOTAL, SPEC), killed)
    assert "not finished: 1." in refusal(folder, capsys)
