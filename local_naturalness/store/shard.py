"""One shard: a Parquet file of finished rows, with checksums and the identity of its scorer."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_naturalness.counted import counted
from local_naturalness.store.manifest import ADDED_LATER

_OWNER, _ROWS = b"local_naturalness.id", b"local_naturalness.rows"
# How many numbers of the log a shard stands for, if several were merged into it.
_NUMBERS = b"local_naturalness.numbers"


class DamagedShard(Exception):
    """A shard whose rows cannot be trusted. The message says why."""


def write_shard(path: Path, table: pa.Table, owner: str, numbers: int = 1) -> None:
    """Write rows with checksums, their number, and the identity of the scorer that they belong to.

    Args:
        path: to write to.
        table: the rows.
        owner: identity of the scorer.
        numbers: how many numbers of the log the shard stands for.
    """
    notes = {_OWNER: owner.encode(), _ROWS: str(len(table)).encode()}
    if numbers > 1:
        notes[_NUMBERS] = str(numbers).encode()
    pq.write_table(table.replace_schema_metadata(notes), path, compression="zstd", write_page_checksum=True)


def read_shard(path: Path, schema: pa.Schema, columns: Sequence[str], owner: str) -> pa.Table:
    """Read columns of a shard, and check it.

    Raises:
        DamagedShard: the file is truncated or changed, or was written by another scorer.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            notes = file.schema_arrow.metadata or {}
            if notes.get(_OWNER) != owner.encode():
                raise DamagedShard("it was not written by this scorer")
            missing = ADDED_LATER.intersection(schema.names).difference(file.schema_arrow.names)
            expected = pa.schema([column for column in schema if column.name not in missing])
            if not file.schema_arrow.equals(expected):
                raise DamagedShard("its columns are others")
            names = [name for name in columns if name not in missing]
            table = _completed(file.read(names, use_threads=False), schema, columns)
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DamagedShard(" ".join(str(error).split())) from error
    if str(len(table)).encode() != notes.get(_ROWS):
        raise DamagedShard(
            f"it holds {counted(len(table), 'row')} instead of {notes.get(_ROWS, b'?').decode()}"
        )
    return table


def is_merged(path: Path) -> bool:
    """Whether a shard stands for several numbers of the log. `False` if it cannot be read."""
    try:
        return num_numbers(pq.read_schema(path)) > 1
    except (OSError, ValueError, pa.ArrowException):
        return False


def num_numbers(schema: pa.Schema) -> int:
    """How many numbers of the log a shard with this schema stands for."""
    return int((schema.metadata or {}).get(_NUMBERS, 1))


def _completed(table: pa.Table, schema: pa.Schema, columns: Sequence[str]) -> pa.Table:
    """The columns in the given order. Columns that an earlier version did not compute are null."""
    for name in columns:
        if name not in table.column_names:
            table = table.append_column(name, pa.nulls(len(table), schema.field(name).type))
    return table.select(list(columns))
