"""Small shards are merged, and nobody who reads or writes meanwhile loses or doubles a row."""

import errno
import os
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from some_stores import Compute, examples, row, store, whole

from local_naturalness.store import atomic_files, shard_log, shard_names
from local_naturalness.store.keys import content_key

NAMES = [f"{letter}{number}" for number in range(5) for letter in "abcdefgh"]


@pytest.fixture(autouse=True)
def ranges_of_four(monkeypatch):
    monkeypatch.setattr(shard_names, "_RANGE", 4)


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
        monkeypatch.setattr(shard_log, "claim", atomic_files.claim)
        fill(there, *NAMES[known:10])
        atomic_files.claim(part, target)

    monkeypatch.setattr(shard_log, "claim", overtaken)
    wanted = examples(NAMES[9], NAMES[10])
    assert [one["score"] for one in here.scores(wanted, Compute(factor=2))] == [2, 4]
    assert set(keys(tmp_path).values()) == {1}
    assert_holds(store(tmp_path), *NAMES[:10])


@pytest.mark.parametrize("moment", range(12))
def test_the_others_fill_the_range_at_any_moment(tmp_path, monkeypatch, moment):
    """Whatever this process has just looked at is another thing when it looks again."""
    there, here = store(tmp_path), store(tmp_path)
    fill(there, NAMES[0])
    looks = 0

    def overtaken(call):
        def called(log, *given):
            nonlocal looks
            if log is here._log:
                looks += 1
                if looks == moment + 1:
                    fill(there, *NAMES[1:6])
            return call(log, *given)

        return called

    for name in ("has", "may_be_merged", "merged_into", "keys", "rows", "append"):
        monkeypatch.setattr(shard_log.ShardLog, name, overtaken(getattr(shard_log.ShardLog, name)))
    fill(here, NAMES[9])
    assert looks > moment
    assert set(keys(tmp_path).values()) == {1}
    for one in (here, store(tmp_path)):
        assert_holds(one, *NAMES[:6], NAMES[9])


def test_rows_that_another_had_for_a_moment(tmp_path):
    """A name is claimed, and given back since its range was merged; whoever has seen it misses the rows."""
    here = store(tmp_path)
    compute = Compute()

    def overtaken(missing):
        here._index.add(7, map(content_key, missing))
        return compute(missing)

    assert len(here.scores(examples(*NAMES[:3]), overtaken)) == 3
    assert_holds(store(tmp_path), *NAMES[:3])
    assert set(keys(tmp_path).values()) == {1}


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


def died(*_):
    raise KeyboardInterrupt


@pytest.fixture
def unmerged(tmp_path, monkeypatch):
    """A store whose first range was filled by a process that died just then, and one that knows its rows."""
    here = store(tmp_path)
    fill(here, *NAMES[:3])
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(shard_log.ShardLog, "_merge", died)
        fill(here, NAMES[3])
    assert kept(tmp_path) == [0, 1, 2, 3]
    there = store(tmp_path)
    assert_holds(there, *NAMES[:4])
    return there


def grow_old(folder):
    for path in folder.glob("*.parquet"):
        os.utime(path, (0, 0))


@pytest.mark.parametrize("is_old", [True, False])
def test_a_range_whose_process_died_is_merged_by_a_later_one(tmp_path, unmerged, is_old):
    if is_old:
        grow_old(tmp_path)
    fill(store(tmp_path), *NAMES[4:8])
    assert kept(tmp_path) == ([0, 4] if is_old else [0, 1, 2, 3, 4])
    for one in (unmerged, store(tmp_path)):
        assert_holds(one, *NAMES[7::-1])
        fill(one, *NAMES[:9])
    assert set(keys(tmp_path).values()) == {1}


def test_two_processes_that_merge_the_same_range(tmp_path, unmerged, monkeypatch):
    """The other is done while this one reads, and a third has claimed a name that was freed."""
    fill(other := store(tmp_path / "other"), *NAMES[20:23])
    del other
    read, here, there = shard_log.read_shard, store(tmp_path), store(tmp_path)

    def overtaken(path, *rest):
        if path == tmp_path / "00000002.parquet":
            monkeypatch.setattr(shard_log, "read_shard", read)
            there._log._merge(0)
            (tmp_path / "other" / "00000002.parquet").rename(path)
            assert kept(tmp_path) == [0, 2]
            monkeypatch.setattr(shard_log, "read_shard", last)
        return read(path, *rest)

    def last(path, *rest):
        # What was there before the other was done.
        return read(tmp_path / "00000002.parquet" if path == tmp_path / "00000003.parquet" else path, *rest)

    monkeypatch.setattr(shard_log, "read_shard", overtaken)
    here._log._merge(0)
    monkeypatch.setattr(shard_log, "read_shard", read)
    for one in (unmerged, store(tmp_path)):
        assert_holds(one, *NAMES[:4])
    here._log._merge(0)
    assert kept(tmp_path) == [0, 2]  # the rows of the third are nowhere else


def test_what_a_killed_process_did_not_remove_is_removed_later(tmp_path, unmerged, monkeypatch):
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(Path, "unlink", lambda path, missing_ok: path.suffix == ".part" or died())
        unmerged._log._merge(0)
    assert kept(tmp_path) == [0, 1, 2, 3]
    assert sorted(keys(tmp_path).values()) == [1, 2, 2, 2]
    grow_old(tmp_path)
    fill(store(tmp_path), *NAMES[4:8])
    assert kept(tmp_path) == [0, 4]
    for one in (unmerged, store(tmp_path)):
        assert_holds(one, *NAMES[:8])


def test_a_range_that_cannot_be_merged_is_read_once(tmp_path, unmerged, monkeypatch):
    (tmp_path / "00000003.parquet").write_bytes(b"PAR1")
    grow_old(tmp_path)
    here = store(tmp_path)
    reads = Counter()

    def counted(path, *rest, read=shard_log.read_shard):
        reads[path.name] += 1
        return read(path, *rest)

    monkeypatch.setattr(shard_log, "read_shard", counted)
    fill(here, *NAMES[4:16])
    assert kept(tmp_path) == [0, 1, 2, 3, 4, 8, 12]
    assert reads["00000001.parquet"] == 1


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

    monkeypatch.setattr(shard_log, "settle", full)
    fill(here, NAMES[3])
    assert "were not merged: [Errno 28] No space left" in caplog.text
    assert kept(tmp_path) == [0, 1, 2, 3]
    assert_holds(store(tmp_path), *NAMES[:4])


def test_no_process_reads_a_shard_twice(tmp_path, monkeypatch):
    """Neither those that write in turn nor one that reads all rows in another order."""
    here = [store(tmp_path) for _ in range(3)]
    reads = Counter()
    current = None

    def counted(path, *rest, read=shard_log.read_shard):
        reads[current, path.name, pq.read_metadata(path).num_rows] += 1
        return read(path, *rest)

    monkeypatch.setattr(shard_log, "read_shard", counted)
    monkeypatch.setattr(shard_log.ShardLog, "_merge", lambda *_: None)
    for number, name in enumerate(NAMES):
        current = number % 3
        fill(here[current], name)
    assert set(reads.values()) == {1} and len(reads) >= len(NAMES) * 3 - 6
    monkeypatch.undo()
    monkeypatch.setattr(shard_log, "read_shard", counted)
    reads.clear()
    one = store(tmp_path)  # learns the keys
    for name in NAMES[::-1] + NAMES:
        assert_holds(one, name)
    assert set(reads.values()) == {2}  # keys, then rows
