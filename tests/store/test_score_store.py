"""A store computes what it lacks, once, and never gives a wrong row, whatever happens to its files."""

import errno
import json
import logging
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
import some_stores
from some_stores import SPEC, TYPES, Compute, examples, row, store, whole

from local_naturalness.store import atomic_files, shard_log

SCRIPT = Path(__file__).with_name("append_at_once.py")


@pytest.fixture
def warnings(caplog):
    """Warnings that were logged so far."""
    caplog.set_level(logging.WARNING, logger="local_naturalness")
    return lambda: [record.getMessage() for record in caplog.records]


def kept(folder):
    return sorted(path.name for path in folder.glob("*.parquet"))


def test_rows_come_back_in_order_and_are_computed_once(tmp_path):
    compute = Compute()
    wanted = examples("a", "bb", "a", None, "", "bb")
    expected = [whole(row(example)) for example in wanted]
    here = store(tmp_path)
    assert here.scores(wanted, compute) == expected
    assert here.scores(wanted[::-1], compute) == expected[::-1]
    assert here.scores(examples("bb", "ccc"), compute)[1] == whole(row(*examples("ccc")))
    assert compute.calls == [["a", "bb", None, ""], ["ccc"]]
    assert store(tmp_path).scores(wanted, compute) == expected
    assert len(compute.calls) == 2
    assert kept(tmp_path) == ["00000000.parquet", "00000001.parquet"]


def test_nothing_to_score(tmp_path):
    assert store(tmp_path).scores([], Compute()) == []
    assert kept(tmp_path) == []


def test_what_another_process_appended_is_read(tmp_path):
    here, there = store(tmp_path), store(tmp_path)
    there.scores(examples("a"), Compute())
    compute = Compute(factor=2)
    assert here.scores(examples("a", "b"), compute) == [
        whole(row(e, f)) for e, f in zip(examples("a", "b"), (1, 2), strict=True)
    ]
    assert compute.calls == [["b"]]


def test_of_two_that_compute_the_same_row_the_first_to_append_is_right(tmp_path):
    here, there = store(tmp_path), store(tmp_path)

    def overtaken(wanted):
        there.scores(examples("a", "x"), Compute())
        return Compute(factor=2)(wanted)

    rows = here.scores(examples("a", "b"), overtaken)
    assert [row["score"] for row in rows] == [1, 2]
    assert [store(tmp_path).scores(examples(text), None)[0]["score"] for text in "abx"] == [1, 2, 1]


def test_overtaken_between_looking_and_claiming(tmp_path, monkeypatch):
    here, there = store(tmp_path), store(tmp_path)

    def overtaken(part, target):
        monkeypatch.undo()
        there.scores(examples("a"), Compute())
        atomic_files.claim(part, target)

    monkeypatch.setattr(shard_log, "claim", overtaken)
    rows = here.scores(examples("a", "b"), Compute(factor=2))
    assert [row["score"] for row in rows] == [1, 2]
    assert kept(tmp_path) == ["00000000.parquet", "00000001.parquet"]


@pytest.mark.parametrize("links", [True, False])
def test_a_name_is_claimed_once(tmp_path, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", lambda *names: (_ for _ in ()).throw(OSError(errno.EPERM, "no")))
    parts = [tmp_path / "1", tmp_path / "2"]
    for part in parts:
        part.write_text(part.name)
    atomic_files.claim(parts[0], tmp_path / "name")
    with pytest.raises(FileExistsError):
        atomic_files.claim(parts[1], tmp_path / "name")
    assert (tmp_path / "name").read_text() == "1"


def test_two_processes_at_once_agree(tmp_path):
    """Both score overlapping rows, each with numbers of its own; what they return must not differ."""
    words = [sys.executable, SCRIPT, str(tmp_path / "store")]
    search = os.environ | {"PYTHONPATH": os.path.dirname(some_stores.__file__)}
    runs = [
        subprocess.Popen([*words, factor], stdout=subprocess.PIPE, stdin=subprocess.PIPE, env=search)
        for factor in "12"
    ]
    for run in runs:
        assert run.stdout.readline() == b"ready\n"
    for run in runs:
        run.stdin.write(b"go\n")
        run.stdin.flush()
    returned = [json.loads(run.communicate()[0]) for run in runs]
    assert [run.returncode for run in runs] == [0, 0]
    assert returned[0] == returned[1]
    kept = store(tmp_path / "store")
    assert {text: kept.scores(examples(text), None)[0]["score"] for text in returned[0]} == returned[0]


@pytest.mark.parametrize("where", ["write_shard", "claim"])
def test_a_full_disk_is_told_and_harms_nothing(tmp_path, monkeypatch, where):
    here = store(tmp_path)
    here.scores(examples("a"), Compute())

    def full(path, *_):
        Path(path).write_bytes(b"PAR1")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shard_log, where, full)
    with pytest.raises(OSError, match=r"1 scored rows could not be written .*No space left.*free some space"):
        here.scores(examples("a", "b"), Compute())
    monkeypatch.undo()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["00000000.parquet", "manifest.json"]
    compute = Compute()
    assert [row["score"] for row in here.scores(examples("a", "b"), compute)] == [1, 1]
    assert compute.calls == [["b"]]


def truncate(path):
    os.truncate(path, path.stat().st_size // 2)


def change_a_value(path):
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)


def exchange(path):
    other = store(path.parent / "other", spec=SPEC.replace("01234567", "76543210"))
    other.scores(examples("a", "b"), Compute(factor=9))
    (path.parent / "other" / path.name).replace(path)


@pytest.mark.parametrize("damage", [truncate, change_a_value, exchange, Path.unlink])
@pytest.mark.parametrize("when", ["before opening", "after opening"])
def test_a_damaged_shard_is_computed_again(tmp_path, damage, when, warnings):
    store(tmp_path).scores(examples("a", "b"), Compute())
    store(tmp_path).scores(examples("ccc"), Compute())
    here = store(tmp_path) if when == "after opening" else None
    damage(tmp_path / "00000000.parquet")
    compute = Compute()
    for _ in range(2):
        rows = (here or store(tmp_path)).scores(examples("ccc", "b", "a"), compute)
        assert [row["score"] for row in rows] == [3, 1, 1]
    assert compute.calls == [["b", "a"]]
    if (when, damage) != ("before opening", Path.unlink):  # then there is nothing to warn of
        assert "00000000.parquet" in warnings()[0] and "scored again" in warnings()[0]


def test_a_shard_that_cannot_be_read_back_is_an_error(tmp_path, monkeypatch, warnings):
    def half(path, *rest, write=shard_log.write_shard):
        write(path, *rest)
        truncate(path)

    monkeypatch.setattr(shard_log, "write_shard", half)
    with pytest.raises(OSError, match="2 rows could not be read back"):
        store(tmp_path).scores(examples("a", "b"), Compute())


def test_other_settings_are_refused(tmp_path):
    store(tmp_path).scores(examples("a"), Compute())
    other = SPEC.replace("01234567", "76543210").replace("scorer=local", "scorer=global")
    with pytest.raises(
        ValueError,
        match=r"holds scores with other settings: .*scorer=local.*id=01234567\. "
        r"The settings of this run are: .*scorer=global.*Choose another folder",
    ):
        store(tmp_path, spec=other)
    with pytest.raises(
        ValueError,
        match=r"keeps the columns status, score, steps, spans\. This run computes the columns "
        r"status, score\. ",
    ):
        store(tmp_path, types={"score": TYPES["score"]})


@pytest.mark.parametrize("content", ["", "{", "[]", '{"format": 1}', '{"format": 99}', "\x00\x01"])
def test_a_damaged_manifest_is_an_error(tmp_path, content):
    store(tmp_path).scores(examples("a"), Compute())
    (tmp_path / "manifest.json").write_text(content)
    with pytest.raises(ValueError, match=r"manifest .* is damaged .*remove the folder to score again"):
        store(tmp_path)


def test_a_file_is_not_a_store(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="must be a folder, found the file"):
        store(tmp_path / "file")


def test_the_batch_budget_is_that_of_the_beginning(tmp_path, warnings):
    assert store(tmp_path / "1", max_tokens_per_batch=512).max_tokens_per_batch == 512
    assert json.loads((tmp_path / "1" / "manifest.json").read_text())["max_tokens_per_batch"] == 512
    assert store(tmp_path / "1").max_tokens_per_batch == 512
    assert not warnings()
    assert store(tmp_path / "1", max_tokens_per_batch=256).max_tokens_per_batch == 256
    assert "begun with max_tokens_per_batch=512" in warnings()[0]


def test_what_killed_processes_left_is_removed_later(tmp_path):
    store(tmp_path)
    fresh, old = (tmp_path / f".{digit * 32}.part" for digit in "12")
    strangers = [tmp_path / name for name in (".backup.part", f".{'A' * 32}.part", f"{'3' * 32}.part")]
    for path in (fresh, old, *strangers):
        path.touch()
        if path != fresh:
            os.utime(path, (time.time() - 2 * 24 * 3600,) * 2)
    linked = tmp_path / f".{'4' * 32}.part"
    linked.symlink_to(strangers[0])
    store(tmp_path)
    assert fresh.exists() and not old.exists()
    assert linked.is_symlink() and all(path.exists() for path in strangers)


def test_files_of_others_are_left_alone(tmp_path):
    (tmp_path / "2026-table.parquet").touch()
    assert store(tmp_path).scores(examples("a"), Compute())[0]["score"] == 1
    assert kept(tmp_path) == ["00000000.parquet", "2026-table.parquet"]
