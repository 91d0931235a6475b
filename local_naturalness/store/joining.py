"""Joins the rows of all parts in the order of the original table."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from local_naturalness.counted import counted
from local_naturalness.encoding.prompt_key import PROMPT_KEY
from local_naturalness.encoding.response_key import RESPONSE_KEY
from local_naturalness.store.input_digests import InputRows, digest_table, read_input
from local_naturalness.store.manifest import ADDED_LATER
from local_naturalness.store.part import AGAIN, Part, digest_file

# Small blocks are collected up to this size and written together.
_BYTES_AT_ONCE = 1 << 26

# Prefixes of columns that earlier versions did not write.
_ADDED_LATER = (PROMPT_KEY, RESPONSE_KEY, "initial_loss", *sorted(ADDED_LATER))


@dataclass(frozen=True)
class _File:
    """A table that was checked, with the state of its file, to notice later changes."""

    part: Part
    path: Path
    metadata: pq.FileMetaData
    schema: pa.Schema
    state: tuple[int, ...]

    def group(self, number: int) -> pa.Table:
        # The file is opened for each read, because a thousand files cannot be open at once.
        with pq.ParquetFile(self.path, metadata=self.metadata) as file:
            return file.read_row_group(number)

    def check_untouched(self) -> None:
        if _state(self.path) != self.state:
            raise ValueError(
                f"The part {self.part.name} was rewritten while it was being merged: wait until its run "
                "has finished, then merge again."
            )


def joined(folder: Path, parts: Sequence[Part]) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """The schema of the whole table, and its rows piece by piece.

    Args:
        folder: folder of the parts.
        parts: parts as `read_parts` returns them.

    Raises:
        ValueError: a table is missing or damaged, or does not have the rows or columns that it should have.
    """
    files = [_looked_through(folder / f"{part.name}.parquet", part) for part in parts if part.num_rows]
    if not files:
        raise ValueError("None of the parts holds a row: there is no table to write.")
    # Columns that parts of earlier versions lack, such as `prompt_key`, are left out of the whole table.
    schema = min((file.schema for file in files), key=len)
    for file in files:
        if not _of_all_versions(file.schema).equals(_of_all_versions(schema)):
            raise ValueError(
                f"The part {file.part.name} has other columns than the first one: it was scored from another "
                "input. Score that shard again from the same input."
            )
    _check_rows_of_old_parts(folder, files)
    return schema, _pieces(files, schema.names)


def _of_all_versions(schema: pa.Schema) -> pa.Schema:
    return pa.schema([field for field in schema if not field.name.startswith(_ADDED_LATER)])


def _pieces(files: Sequence[_File], columns: Sequence[str]) -> Iterator[pa.Table]:
    """Row groups, joined to pieces of at least `_BYTES_AT_ONCE`."""
    waiting: list[pa.Table] = []
    num_bytes = num_rows = 0
    for table in _groups(files):
        waiting.append(table.select(columns))
        num_bytes += table.nbytes
        num_rows += len(table)
        if num_bytes >= _BYTES_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting, num_bytes = [], 0
    if waiting:
        yield pa.concat_tables(waiting)
    for file in files:
        file.check_untouched()
    if num_rows != files[0].part.total_rows:
        raise RuntimeError(f"{num_rows} of {files[0].part.total_rows} rows were joined.")


def _groups(files: Sequence[_File]) -> Iterator[pa.Table]:
    if not files[0].part.is_interleaved:
        for file in files:
            yield from (file.group(number) for number in range(file.metadata.num_row_groups))
        return
    # A row group is a block. First comes the first block of each part, then the second of each part, and so
    # on.
    for number in range(files[0].metadata.num_row_groups):
        yield from (file.group(number) for file in files if number < file.metadata.num_row_groups)


def _looked_through(path: Path, part: Part) -> _File:
    try:
        state = _state(path)
        with pq.ParquetFile(path) as file:
            found = _File(part, path, file.metadata, file.schema_arrow, state)
    except (OSError, ValueError, pa.ArrowException) as error:
        told = " ".join(str(error).split())
        raise ValueError(
            f"The part {str(path)!r} cannot be read ({told}): score that shard again."
        ) from error
    if found.metadata.num_rows != part.num_rows:
        raise ValueError(
            f"The part {str(path)!r} holds {counted(found.metadata.num_rows, 'row')} instead of "
            f"{part.num_rows}: score that shard again."
        )
    if (part.table is not None and digest_file(path) != part.table) or not _has_its_blocks(found):
        raise ValueError(
            f"The part {str(path)!r} was changed or damaged since it was written: score that shard again, "
            f"{AGAIN}."
        )
    return found


def _has_its_blocks(file: _File) -> bool:
    part = file.part
    if not part.is_interleaved:
        return True
    sizes = [file.metadata.row_group(n).num_rows for n in range(file.metadata.num_row_groups)]
    return all(size == part.shard_rows for size in sizes[:-1])


def _check_rows_of_old_parts(folder: Path, files: Sequence[_File]) -> None:
    """Check that parts without a digest of their input hold the rows of the input of the other parts."""
    inputs = {file.part.input for file in files if file.part.input is not None}
    old = [file for file in files if file.part.input is None]
    if not inputs:
        return
    rows = read_input(folder, inputs.pop())
    for file in old:
        if rows is None:
            raise ValueError(
                f"The part {file.part.name} was written by an earlier version, and the digests of the input "
                f"that it could be compared with are missing: score that shard again, {AGAIN}."
            )
        _check_rows(file, rows)


def _check_rows(file: _File, rows: InputRows) -> None:
    row = file.part.first_row
    for number in range(file.metadata.num_row_groups):
        found = digest_table(file.group(number), rows.columns)
        differ = np.flatnonzero(found != rows.digests[row : row + len(found)])
        if len(differ):
            raise ValueError(
                f"The part {file.part.name}, written by an earlier version, does not hold the rows of the "
                f"input of the other parts: row {row + differ[0]} is the first that differs. Score that "
                f"shard again, {AGAIN}."
            )
        row += len(found)


def _state(path: Path) -> tuple[int, ...]:
    state = os.stat(path)
    return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns
