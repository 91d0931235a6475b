"""Small shards are merged, and nobody who reads or writes meanwhile loses or doubles a row."""

import errno
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from some_stores import Compute, examples, row, store, whole

from local_naturalness.store import files, shards

NAMES = [f"{letter}{number}" for number in range(5) for letter in "abcdefgh"]


@pytest.fixture(autouse=True)
def ranges_of_four(monkeypatch):
    monkeypatch.setattr(shards, "_RANGE", 4)


def kept(folder):
    return [int(path.stem) for path in sorted(folder.glob("*.parquet"))]


def fill(here, *names, factor=1.0):
    """Each name as a shard of its own."""
    for name in names:
        here.scores(examples(name), Compute(factor))


def keys(folder):
    return Counter(key for path in folder.glob("*.parquet") for key in pq.read_table(path)["key"].to_pylist())


def assert_holds(here, *names):
    """Without computing anything."""
    assert here.scores(examples(*names), None) == [whole(row(example)) for example in examples(*names)]


def test_a_full_range_becomes_one_shard(tmp_path):
    here = store(tmp_path)
    fill(here, *NAMES[:11])
    assert kept(tmp_path) == [0, 4, 8, 9, 10]
    assert [pq.read_metadata(path).num_rows for path in sorted(tmp_path.glob("*.parquet"))] == [4, 4, 1, 1, 1]
    for one in (here, store(tmp_path)):
        assert_holds(one, *NAMES[:11])
        fill(one, *NAMES[:11])
    assert kept(tmp_path) == [0, 4, 8, 9, 10]
    fill(store(tmp_path), *NAMES[11:14])
    assert kept(tmp_path) == [0, 4, 8, 12, 13]


@pytest.mark.parametrize("known", range(9))
def test_who_has_not_seen_it_finds_the_rows_and_goes_on(tmp_path, known):
    there = store(tmp_path)
    fill(there, *NAMES[:known])
    here = store(tmp_path)
    fill(there, *NAMES[known:9])
    compute = Compute(factor=2)
    found = here.scores(examples(*NAMES[:10]), compute)
    assert compute.calls == [[NAMES[9]]]
    assert [one["score"] for one in found] == [2] * 9 + [4]
    assert kept(tmp_path) == [0, 4, 8, 9]
    assert set(keys(tmp_path).values()) == {1}


@pytest.mark.parametrize("known", range(1, 9))
def test_a_name_that_merging_has_freed_is_not_taken(tmp_path, monkeypatch, known):
    """The others fill the range while this process is about to claim a number of it."""
    there = store(tmp_path)
    fill(there, *NAMES[:known])
    here = store(tmp_path)

    def overtaken(part, target):
        monkeypatch.setattr(shards, "claim", files.claim)
        fill(there, *NAMES[known:10])
        files.claim(part, target)

    monkeypatch.setattr(shards, "claim", overtaken)
    wanted = examples(NAMES[9], NAMES[10])
    assert [one["score"] for one in here.scores(wanted, Compute(factor=2))] == [2, 4]
    assert set(keys(tmp_path).values()) == {1}
    assert_holds(store(tmp_path), *NAMES[:10])


@pytest.mark.parametrize("num_rows", [1, 3])
def test_rows_of_another_under_a_name_that_merging_has_freed(tmp_path, num_rows):
    """A process was stopped between claiming the name and giving it back."""
    there = store(tmp_path / "one")
    there.scores(examples(*NAMES[:3]), Compute())  # three rows in shard 0
    fill(there, NAMES[3])
    there.scores(examples(NAMES[4], NAMES[5], NAMES[6]), Compute())
    here = store(tmp_path / "one")
    fill(there, NAMES[7])
    other = store(tmp_path / "other")
    other.scores(examples(*NAMES[20 : 20 + num_rows]), Compute(factor=2))
    (tmp_path / "other" / "00000000.parquet").rename(tmp_path / "one" / "00000002.parquet")
    for one in (here, store(tmp_path / "one")):
        assert_holds(one, *NAMES[:8])


def test_killed_before_what_was_merged_is_removed(tmp_path, monkeypatch):
    here = store(tmp_path)
    fill(here, *NAMES[:3])

    def killed(path, missing_ok):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "unlink", lambda path, missing_ok: path.suffix == ".part" or killed(path, True))
        fill(here, NAMES[3])
    assert kept(tmp_path) == [0, 1, 2, 3]
    assert_holds(store(tmp_path), *NAMES[:4])
    fill(store(tmp_path), NAMES[4])
    assert kept(tmp_path) == [0, 1, 2, 3, 4]


def test_a_damaged_shard_keeps_its_range_from_being_merged(tmp_path):
    here = store(tmp_path)
    fill(here, *NAMES[:3])
    (tmp_path / "00000001.parquet").write_bytes(b"PAR1")
    fill(here, NAMES[3])
    assert kept(tmp_path) == [0, 1, 2, 3]
    compute = Compute()
    store(tmp_path).scores(examples(*NAMES[:4]), compute)
    assert compute.calls == [[NAMES[1]]]


def test_a_damaged_merged_shard_is_computed_again(tmp_path):
    fill(store(tmp_path), *NAMES[:6])
    here = store(tmp_path)
    (tmp_path / "00000000.parquet").write_bytes(b"PAR1")
    for one in (here, store(tmp_path)):
        compute = Compute()
        one.scores(examples(*NAMES[:6]), compute)
        assert compute.calls == ([NAMES[:4]] if one is here else [])
    assert_holds(store(tmp_path), *NAMES[:6])


def test_no_room_to_merge_is_told_and_harms_nothing(tmp_path, monkeypatch, caplog):
    here = store(tmp_path)
    fill(here, *NAMES[:3])

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shards, "settle", full)
    fill(here, NAMES[3])
    assert "were not merged: [Errno 28] No space left" in caplog.text
    assert kept(tmp_path) == [0, 1, 2, 3]
    assert_holds(store(tmp_path), *NAMES[:4])


def test_no_process_reads_a_shard_twice(tmp_path, monkeypatch):
    """Neither those that write in turn nor one that reads all rows in another order."""
    here = [store(tmp_path) for _ in range(3)]
    reads = Counter()
    current = None

    def counted(path, *rest, read=shards.read_shard):
        reads[current, path.name, pq.read_metadata(path).num_rows] += 1
        return read(path, *rest)

    monkeypatch.setattr(shards, "read_shard", counted)
    monkeypatch.setattr(shards.ShardLog, "_merge", lambda *_: None)
    for number, name in enumerate(NAMES):
        current = number % 3
        fill(here[current], name)
    assert set(reads.values()) == {1} and len(reads) >= len(NAMES) * 3 - 6
    monkeypatch.undo()
    monkeypatch.setattr(shards, "read_shard", counted)
    reads.clear()
    one = store(tmp_path)  # learns the keys
    for name in NAMES[::-1] + NAMES:
        assert_holds(one, name)
    assert set(reads.values()) == {2}  # keys, then rows
