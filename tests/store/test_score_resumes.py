"""`local-naturalness score` survives being killed, shares its work, and guards its folder."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from datasets import Dataset

from local_naturalness import LocalScorer
from local_naturalness.cli import main
from local_naturalness.cli.tables import read_table
from local_naturalness.embedded import student_path

SHARD_ROWS = 3
KILLED_SHARD_ROWS = 2  # of `kill_and_restart.py`


@pytest.fixture
def source(rows, tmp_path):
    path = tmp_path / "candidates.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def score(source, output, *words):
    words = ["score", str(source), "--student", student_path(), "--output", str(output), *words]
    return main([*words, "--shard-rows", str(SHARD_ROWS)])


def table(output):
    return Dataset.from_parquet(str(output / "scored.parquet"), cache_dir=str(output / "cache"))


def test_killed_at_any_moment_it_goes_on_where_it_was(rows, tmp_path):
    source = tmp_path / "candidates.jsonl"
    some = [rows[-1], *rows[:12], rows[0]]
    source.write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")
    script = str(Path(__file__).with_name("kill_and_restart.py"))
    words = [sys.executable, script, str(source), str(tmp_path / "runs")]
    report = json.loads(subprocess.run(words, capture_output=True, check=True).stdout)
    distinct = report["rows"] - 1
    moments = report["moments"]
    assert len(moments) == 23
    for moment in moments:
        assert moment["equal"] and moment["only_whole_tables_seen"] and not moment["left_behind"]
        assert 0 <= moment["in_flight"] <= KILLED_SHARD_ROWS
        assert moment["recomputed"] == distinct - moment["finished"]
    # Those that die by their own hand surely do, where they are meant to.
    assert [(moment["died"], moment["finished"], moment["in_flight"]) for moment in moments[-3:]] == [
        (True, 2 * KILLED_SHARD_ROWS, KILLED_SHARD_ROWS),
        (True, 0, KILLED_SHARD_ROWS),
        (True, 4 * KILLED_SHARD_ROWS, 0),
    ]


def test_the_table_is_that_of_map(source, tmp_path, scored_batches):
    assert score(source, tmp_path / "output") == 0
    expected = read_table(str(source)).map(
        LocalScorer(student_path(), store=tmp_path / "store"), batched=True, batch_size=SHARD_ROWS
    )
    assert table(tmp_path / "output").to_list() == expected.to_list()
    assert table(tmp_path / "output").features == expected.features
    scored_batches.clear()
    assert score(source, tmp_path / "output") == 0
    assert not scored_batches
    assert table(tmp_path / "output").to_list() == expected.to_list()
    assert [path.name for path in (tmp_path / "output").glob("*.parquet")] == ["scored.parquet"]


def test_rows_that_are_added_to_the_input_are_the_only_ones_scored(source, tmp_path, scored_batches, rows):
    assert score(source, tmp_path / "output") == 0
    scored_batches.clear()
    with source.open("a") as lines:
        lines.write(json.dumps(rows[0] | {"response": "A new one."}) + "\n")
    assert score(source, tmp_path / "output") == 0
    assert sum(map(len, scored_batches)) == 1
    assert len(table(tmp_path / "output")) == len(rows) + 1


@pytest.mark.parametrize("num_shards", [2, 3, 9])
def test_shards_and_merge_give_what_a_single_run_gives(source, tmp_path, num_shards, capsys):
    assert score(source, tmp_path / "single") == 0
    shared = tmp_path / "shared"
    for index in reversed(range(1, num_shards)):
        assert score(source, shared, "--shard-index", str(index), "--num-shards", str(num_shards)) == 0
    assert main(["merge", str(shared)]) == 2
    assert "not finished: 0." in capsys.readouterr().err
    assert not list(shared.glob("*.parquet"))
    assert score(source, shared, "--shard-index", "0", "--num-shards", str(num_shards)) == 0
    assert main(["merge", str(shared)]) == 0
    single, merged = table(tmp_path / "single"), table(shared)
    assert merged.features == single.features
    drop = "local_naturalness"
    assert merged.remove_columns(drop).to_list() == single.remove_columns(drop).to_list()
    # The row that is there twice is scored in another batch, so digits beyond float32 differ there.
    scores = zip(merged[drop], single[drop], strict=True)
    assert sum(one != other for one, other in scores) <= 2 * SHARD_ROWS
    assert merged[drop][:21] == pytest.approx(single[drop][:21], abs=1e-5)
    assert merged[drop][4] == merged[drop][20]


def test_merged_scores_are_those_of_a_single_run_to_the_last_bit(source, tmp_path, rows):
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[:20]), encoding="utf-8")
    assert score(source, tmp_path / "single") == 0
    for index in "10":
        assert score(source, tmp_path / "shared", "--shard-index", index, "--num-shards", "2") == 0
    assert main(["merge", str(tmp_path / "shared")]) == 0
    assert table(tmp_path / "shared").to_list() == table(tmp_path / "single").to_list()


def test_other_settings_are_refused(source, tmp_path, capsys):
    assert score(source, tmp_path / "output") == 0
    before = (tmp_path / "output" / "scored.parquet").read_bytes()
    capsys.readouterr()
    assert score(source, tmp_path / "output", "--window", "2") == 2
    error = capsys.readouterr().err
    assert "window=4" in error and "window=2" in error and error.count("\n") == 1
    assert (tmp_path / "output" / "scored.parquet").read_bytes() == before


def test_another_table_in_the_folder_is_told_before_anything_is_scored(
    source, tmp_path, capsys, scored_batches
):
    (tmp_path / "other.parquet").touch()
    assert score(source, tmp_path) == 2
    assert "already holds a table (other.parquet)" in capsys.readouterr().err
    assert not scored_batches and not (tmp_path / ".local_naturalness").exists()


HOLD = """
import sys
from local_naturalness.store.output_folder import OutputFolder
with OutputFolder(sys.argv[1]).in_use(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_folder_in_use_is_refused_until_its_process_is_dead(source, tmp_path, capsys):
    output = tmp_path / "output"
    words = [sys.executable, "-c", HOLD, str(output), "00000-of-00001"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout.readline() == b"held\n"
        assert score(source, output) == 2
        error = capsys.readouterr().err
        assert f"in use by another process (id {holder.pid})" in error and error.count("\n") == 1
        # Another shard is another run.
        assert score(source, output, "--shard-index", "1", "--num-shards", "2") == 0
        holder.kill()
    assert score(source, output) == 0
    assert not list((output / ".local_naturalness").glob("*.tmp"))


@pytest.mark.parametrize(
    "words",
    [
        ["--shard-index", "0"],
        ["--num-shards", "2"],
        ["--shard-index", "2", "--num-shards", "2"],
        ["--shard-index", "-1", "--num-shards", "2"],
    ],
)
def test_shards_that_do_not_exist(words, source, tmp_path, capsys):
    assert score(source, tmp_path / "output", *words) == 2
    assert "--shard-index and --num-shards belong together" in capsys.readouterr().err
    assert not (tmp_path / "output").exists()


def test_shards_without_rows_are_refused(source, tmp_path, capsys):
    words = ["score", str(source), "--student", student_path(), "--output", str(tmp_path / "output")]
    assert main([*words, "--shard-rows", "0"]) == 2
    assert "--shard-rows must be at least 1" in capsys.readouterr().err
