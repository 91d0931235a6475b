"""One shard: a Parquet file of finished rows that tells when it was damaged or is somebody else's."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

_OWNER, _ROWS = b"local_naturalness.id", b"local_naturalness.rows"


class DamagedShard(Exception):
    """A file that holds no finished rows that could be trusted; the message says why."""


def write_shard(path: Path, table: pa.Table, owner: str) -> None:
    """Write rows with checksums, their number, and the identity of the scorer that they belong to."""
    notes = {_OWNER: owner.encode(), _ROWS: str(len(table)).encode()}
    pq.write_table(table.replace_schema_metadata(notes), path, compression="zstd", write_page_checksum=True)


def read_shard(path: Path, schema: pa.Schema, columns: Sequence[str], owner: str) -> pa.Table:
    """Read columns of a shard, and check it.

    Raises:
        DamagedShard: truncated, changed, or written by another scorer.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            notes = file.schema_arrow.metadata or {}
            if notes.get(_OWNER) != owner.encode():
                raise DamagedShard("it was not written by this scorer")
            if not file.schema_arrow.equals(schema):
                raise DamagedShard("its columns are others")
            table = file.read(list(columns))
    except (OSError, ValueError, pa.ArrowException) as error:
        raise DamagedShard(" ".join(str(error).split())) from error
    if str(len(table)).encode() != notes.get(_ROWS):
        raise DamagedShard(f"it holds {len(table)} rows instead of {notes.get(_ROWS, b'?').decode()}")
    return table
