"""A shard that was damaged, or is somebody else's, is noticed."""

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local_naturalness.store.shard import DamagedShard, read_shard, write_shard

SCHEMA = pa.schema([("key", pa.binary(16)), ("score", pa.float64()), ("steps", pa.list_(pa.float64()))])
NAMES = SCHEMA.names
TABLE = pa.Table.from_pylist(
    [{"key": bytes([i]) * 16, "score": 1 / (i + 1), "steps": [i / 7, None]} for i in range(9)], SCHEMA
)


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "shard.parquet"
    write_shard(path, TABLE, "0123")
    return path


def test_a_shard_comes_back_as_it_was(path):
    assert read_shard(path, SCHEMA, NAMES, "0123").equals(TABLE)
    assert read_shard(path, SCHEMA, ["score"], "0123").equals(TABLE.select(["score"]))


def test_every_truncation_is_noticed(path):
    content = path.read_bytes()
    for length in range(0, len(content), 11):
        path.write_bytes(content[:length])
        with pytest.raises(DamagedShard):
            read_shard(path, SCHEMA, NAMES, "0123")


def test_no_changed_byte_gives_a_wrong_row(path):
    content = path.read_bytes()
    unnoticed = 0
    for position in range(len(content)):
        for flipped in (0x01, 0x80):
            changed = bytearray(content)
            changed[position] ^= flipped
            path.write_bytes(changed)
            try:
                table = read_shard(path, SCHEMA, NAMES, "0123")
            except DamagedShard:
                continue
            unnoticed += 1
            assert table.equals(TABLE), position
    assert unnoticed < len(content)  # only what says nothing about the rows


def test_shards_of_others_are_noticed(path):
    with pytest.raises(DamagedShard, match="not written by this scorer"):
        read_shard(path, SCHEMA, NAMES, "4567")
    with pytest.raises(DamagedShard, match="columns"):
        read_shard(path, SCHEMA.remove(1), ["key"], "0123")


def test_a_missing_shard_is_damaged(path):
    path.unlink()
    with pytest.raises(DamagedShard):
        read_shard(path, SCHEMA, NAMES, "0123")


def test_another_number_of_rows_is_noticed(path):
    notes = pq.read_schema(path).metadata
    pq.write_table(TABLE.slice(0, 5).replace_schema_metadata(notes), path)
    with pytest.raises(DamagedShard, match="5 rows instead of 9"):
        read_shard(path, SCHEMA, NAMES, "0123")
