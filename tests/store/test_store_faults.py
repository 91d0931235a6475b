"""Files of others are left alone, damage is told, and shares that do not agree are not joined."""

import errno
import json
import os
import random
import shutil
import subprocess
import sys
import time

import pyarrow.parquet as pq
import pytest
from datasets import Dataset
from stand_in import expected, run

from local_naturalness.cli import main
from local_naturalness.cli.description import keep_description
from local_naturalness.cli.tables import read_table
from local_naturalness.store.atomic_files import write_whole
from local_naturalness.store.blocks import interleaved_rows
from local_naturalness.store.lock import fcntl
from local_naturalness.store.output_folder import OutputFolder

TABLE = [{"prompt": f"p{i}", "response": f"r{i}", "answer": "x", "teacher": "t"} for i in range(10)]
HIDDEN = ".local_naturalness"


def share(index, table, output, *words, block=2):
    words = ["--shard-index", index, "--num-shards", 2, "--shard-rows", block, *words]
    return run(table, output, *words)


def changed(column):
    return [row | {column: "other"} if i == 7 else row for i, row in enumerate(TABLE)]


@pytest.mark.parametrize(
    ("other", "settings", "says"),
    [
        (TABLE[::-1], {}, "row 0 is the first that differs"),
        (changed("response"), {}, "row 7 is the first that differs"),
        (changed("teacher"), {}, "row 7 is the first that differs"),
        ([*TABLE[:4], *TABLE[5:3:-1], *TABLE[6:]], {}, "row 4 is the first that differs"),
        ([*TABLE, TABLE[0]], {}, "total_rows"),
        (TABLE[:-1], {}, "total_rows"),
        ([row | {"more": 1} for row in TABLE], {}, "their columns differ (more)"),
        (TABLE, {"block": 3}, "different --shard-rows"),
        (TABLE, {"words": ["--response-column", "answer"]}, "response_column=answer"),
        (TABLE, {"words": ["--suffix", "_x"]}, "other columns"),
    ],
)
def test_shares_that_do_not_agree_are_not_joined(other, settings, says, tmp_path, capsys):
    assert share(0, TABLE, tmp_path) == 0
    assert share(1, other, tmp_path, *settings.get("words", ()), block=settings.get("block", 2)) == 0
    capsys.readouterr()
    assert main(["merge", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert says in error and error.count("\n") == 1
    assert not (tmp_path / "scored.parquet").exists()
    assert share(1, TABLE, tmp_path) == 0
    assert main(["merge", str(tmp_path)]) == 0
    assert pq.read_table(tmp_path / "scored.parquet").to_pylist() == expected(TABLE, "a")


def test_a_table_that_loses_rows_to_a_merge_is_told(tmp_path, capsys):
    assert run(TABLE, tmp_path) == 0
    for index in (0, 1):
        share(index, TABLE[:4], tmp_path)
    capsys.readouterr()
    assert main(["merge", str(tmp_path)]) == 0
    assert "It had 10 rows with local_naturalness; now it has 4 rows" in capsys.readouterr().err
    assert main(["merge", str(tmp_path)]) == 0
    assert not capsys.readouterr().err


def test_a_share_of_another_input_is_told_when_it_begins(tmp_path, caplog):
    share(0, TABLE, tmp_path)
    share(1, changed("teacher"), tmp_path)
    assert "00000-of-00002 and this shard do not agree, row 7 is the first that differs" in caplog.text


@pytest.mark.parametrize("total", [1, 5, 12, 13])
@pytest.mark.parametrize("num_shards", [1, 2, 5, 20])
def test_blocks_of_all_shares_are_the_table(total, num_shards):
    shares = [interleaved_rows(total, 3, index, num_shards).tolist() for index in range(num_shards)]
    assert sorted(row for rows in shares for row in rows) == list(range(total))
    for index, rows in enumerate(shares):  # the plain loop
        assert rows == [row for row in range(total) if row // 3 % num_shards == index]


def test_numbers_beyond_all_tables(tmp_path):
    assert interleaved_rows(5, 10**30, 10**29, 10**30).tolist() == []
    assert run(TABLE, tmp_path / "one", "--shard-rows", 10**30) == 0
    assert run(TABLE, tmp_path, "--shard-rows", 10**30, "--shard-index", 5, "--num-shards", 10**30) == 0
    assert main(["merge", str(tmp_path)]) == 2


def test_no_flipped_bit_of_a_part_is_merged(tmp_path, capsys):
    for index in (0, 1):
        share(index, TABLE, tmp_path)
    chance = random.Random(0)
    for path in sorted((tmp_path / HIDDEN / "parts").iterdir()):
        whole = path.read_bytes()
        for _ in range(60):
            content = bytearray(whole)
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
            if main(["merge", str(tmp_path)]) == 0:
                assert pq.read_table(tmp_path / "scored.parquet").to_pylist() == expected(TABLE, "a")
                assert path.suffix != ".parquet"
        path.write_bytes(whole)


@pytest.fixture
def old_output(tmp_path):
    """An output folder of version 0.1.0: contiguous shares, notes without digests."""

    def write(*indices):
        for index in indices:
            share(index, TABLE, tmp_path)
        for path in (tmp_path / HIDDEN / "parts").iterdir():
            if path.suffix == ".rows":
                path.unlink()
            if path.suffix == ".json":
                note = json.loads(path.read_text())
                names = ("shard_index", "num_shards", "first_row", "num_rows", "total_rows", "spec")
                path.write_text(json.dumps({name: note[name] for name in names}, indent=2) + "\n")
        return tmp_path

    return write


@pytest.fixture
def contiguous(monkeypatch):
    from local_naturalness.store import checked_parts

    with monkeypatch.context() as patched:
        patched.setattr(checked_parts, "takes_ranges", lambda folder, num_shards: True)
        yield patched


def test_old_parts_are_joined_and_it_is_said_what_was_not_checked(contiguous, old_output, capsys):
    folder = old_output(0, 1)
    assert main(["merge", str(folder)]) == 0
    assert "Only their positions and numbers of rows were checked" in capsys.readouterr().out
    assert pq.read_table(folder / "scored.parquet").to_pylist() == expected(TABLE, "a")


@pytest.mark.parametrize("other", [None, "teacher"])
def test_an_old_part_beside_a_new_one_is_compared_with_the_input(other, contiguous, old_output, capsys):
    folder = old_output(0)
    contiguous.undo()
    table = TABLE if other is None else [TABLE[0] | {other: "u"}, *TABLE[1:]]
    assert share(1, table, folder) == 0  # follows the old way of its folder
    capsys.readouterr()
    if other is None:
        assert main(["merge", str(folder)]) == 0
        assert pq.read_table(folder / "scored.parquet").to_pylist() == expected(TABLE, "a")
    else:
        assert main(["merge", str(folder)]) == 2
        assert "row 0 is the first that differs" in capsys.readouterr().err


LOCK = "00000-of-00001.lock"


def link(path, precious):
    path.symlink_to(precious)


def hard_link(path, precious):
    os.link(precious, path)


def copy(path, precious):
    shutil.copy(precious, path)


@pytest.mark.parametrize("way", [link, hard_link, copy])
def test_a_lock_is_nothing_but_a_lock(way, tmp_path, capsys):
    precious = tmp_path / "precious"
    precious.write_text("my thesis")
    (tmp_path / "out" / HIDDEN).mkdir(parents=True)
    way(tmp_path / "out" / HIDDEN / LOCK, precious)
    assert run(TABLE, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert "has the name of a lock file" in error and error.count("\n") == 1
    assert precious.read_text() == "my thesis"
    assert (tmp_path / "out" / HIDDEN / LOCK).read_text() == "my thesis"


def test_only_own_working_folders_are_removed(tmp_path):
    hidden = tmp_path / HIDDEN
    with OutputFolder(str(tmp_path)).in_use("00000-of-00001") as place:
        own = place.name
    # Names like the first one, whatever its random part is.
    others = [f"{own[:-5]}{letter}.tmp" for letter in "abc" if letter != own[-5]]
    left, mixed, foreign = (hidden / name for name in (own, others[0], "00000-of-00001.my.tmp"))
    old = time.time() - 2 * 24 * 3600
    for folder, names in (
        (left, ["progress", "rows.arrow"]),
        (mixed, ["rows.arrow", "thesis"]),
        (foreign, ["rows.arrow"]),
    ):
        folder.mkdir()
        for name in names:
            (folder / name).touch()
            os.utime(folder / name, (old, old))
    (hidden / others[1]).symlink_to(foreign)
    with OutputFolder(str(tmp_path)).in_use("00000-of-00001"):
        assert not left.exists()
        assert [path.name for path in mixed.iterdir()] == ["thesis"]
        assert (foreign / "rows.arrow").exists()


@pytest.mark.skipif(fcntl is None, reason="no locks to fail here")
def test_without_locks_a_second_run_leaves_the_first_ones_folder(tmp_path, monkeypatch, caplog):
    def no_locks(*_):
        raise OSError("not here")

    monkeypatch.setattr(fcntl, "lockf", no_locks)
    output = OutputFolder(str(tmp_path))
    with output.in_use("00000-of-00001") as first:
        (first / "rows.arrow").touch()
        with output.in_use("00000-of-00001") as second:
            assert first != second and (first / "rows.arrow").exists()
    assert "cannot be locked" in caplog.text


@pytest.mark.parametrize(
    "manifest",
    [
        "[" * 100_000,
        '{"format": ' * 5_000,
        '{"id": ["a"], "spec": "s", "columns": ["c"], "format": 1}',
        '{"id": "a", "spec": {"s": {}}, "columns": ["c"], "format": 1}',
        '{"id": "a", "spec": "s", "columns": [["c"]], "format": 1}',
        '{"id": "a", "spec": "s", "columns": ["c"], "format": true}',
        '{"id": "a", "spec": "s", "columns": ["c"], "max_tokens_per_batch": "many", "format": 1}',
        '{"id": "a", "spec": "s", "columns": ["c"], "max_tokens_per_batch": -1, "format": 1}',
        "null",
        "\udcff".encode("utf-8", "surrogateescape").decode("latin1"),
    ],
)
def test_garbage_instead_of_a_manifest(manifest, tmp_path, capsys):
    store = tmp_path / HIDDEN / "scores"
    store.mkdir(parents=True)
    (store / "manifest.json").write_text(manifest, encoding="latin1")
    assert run(TABLE, tmp_path) == 2
    error = capsys.readouterr().err
    assert "of the score store is damaged" in error and error.count("\n") == 1


def test_a_manifest_that_leads_nowhere(tmp_path, capsys):
    store = tmp_path / HIDDEN / "scores"
    store.mkdir(parents=True)
    (store / "manifest.json").symlink_to(tmp_path / "nowhere")
    assert run(TABLE, tmp_path) == 2
    assert "is damaged (No such file or directory)" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()


def test_a_description_is_not_written_through_a_link(tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("my thesis")
    (tmp_path / HIDDEN).mkdir()
    (tmp_path / HIDDEN / "description.json").symlink_to(precious)
    table = tmp_path / "selected.parquet"
    selected = Dataset.from_list(TABLE)
    selected.info.description = "chosen"
    selected.to_parquet(table)
    keep_description(selected, table)
    assert precious.read_text() == "my thesis"
    assert read_table(str(tmp_path)).info.description == "chosen"


@pytest.mark.parametrize("place", ["out", "out/sub", "out/" + HIDDEN])
@pytest.mark.parametrize("what", ["links to nothing", "is a file"])
def test_an_output_that_cannot_be_a_folder(place, what, tmp_path, capsys):
    path = tmp_path / place.removesuffix("/sub")
    path.parent.mkdir(exist_ok=True)
    path.symlink_to("nowhere") if what == "links to nothing" else path.touch()
    assert run(TABLE, tmp_path / place.removesuffix(f"/{HIDDEN}")) == 2
    assert f"must be a folder, and {str(path)!r} {what}" in capsys.readouterr().err


def test_of_two_selections_at_once_one_is_written(tmp_path):
    output = OutputFolder(str(tmp_path), "selected")
    output.check(may_replace=False)

    def write_late(path):
        path.write_text("late")
        output.write_table(lambda path: path.write_text("early"), may_replace=False)

    with pytest.raises(ValueError, match="Another process has just written"):
        output.write_table(write_late, may_replace=False)
    assert output.table.read_text() == "early"
    assert [path.name for path in tmp_path.iterdir()] == ["selected.parquet"]


def test_a_named_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    target = tmp_path / "ranking.csv"
    (tmp_path / "link").symlink_to(target)
    write_whole(tmp_path / "link", b"before")
    assert target.read_bytes() == b"before"

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match=r"No space left on device: '.*ranking.csv'"):
        write_whole(target, b"after")
    assert target.read_bytes() == b"before"
    assert {path.name for path in tmp_path.iterdir()} == {"ranking.csv", "link"}


@pytest.mark.skipif(not os.path.exists("/dev/stdout"), reason="no such device")
def test_pipes_and_devices_are_written_to(tmp_path):
    fifo = tmp_path / "pipe"
    os.mkfifo(fifo)
    write = (
        "import sys; from pathlib import Path; from local_naturalness.store.atomic_files import write_whole;"
    )
    write += "write_whole(Path(sys.argv[1]), b'found')"
    with subprocess.Popen([sys.executable, "-c", write, str(fifo)]) as process:
        assert fifo.read_bytes() == b"found"
    assert process.returncode == 0 and fifo.is_fifo()
    with (tmp_path / "printed").open("wb") as file:
        subprocess.run([sys.executable, "-c", write, "/dev/stdout"], stdout=file, check=True)
    assert (tmp_path / "printed").read_bytes() == b"found"
