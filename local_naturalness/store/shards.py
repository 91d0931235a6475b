"""The numbered shards of a store, small ones merged, so that there are never many.

Numbers come in ranges of 64. Whoever claims the last number of a range writes the rows of all its shards
into its first one, in their order, and removes the others. So what was in the first shard stays at its place,
and a process that misses another number finds its rows in the first of the range.
"""

import logging
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from local_naturalness.store.files import claim, part_file, settle
from local_naturalness.store.shard import DamagedShard, is_merged, num_numbers, read_shard, write_shard

logger = logging.getLogger(__name__)

_DIGITS = 8
_RANGE = 64
# Of shards that stay in memory: whoever reads rows in the order in which they were scored reads each shard
# once; so does, in any order, whoever reads a store that is smaller than this.
_BYTES_KEPT = 1 << 26


class ShardLog:
    """The shards of one scorer in a folder.

    Args:
        folder: of the store.
        schema: of the rows.
        owner: identity of the scorer.
    """

    def __init__(self, folder: Path, schema: pa.Schema, owner: str):
        self._folder = folder
        self._schema = schema
        self._owner = owner
        self._kept: OrderedDict[int, pa.Table] = OrderedDict()

    def numbers(self) -> list[int]:
        """Those of all shards that are there, ascending."""
        return sorted(int(path.stem) for path in self._folder.glob(f"{'[0-9]' * _DIGITS}.parquet"))

    def has(self, number: int) -> bool:
        """Whether a shard is there under that number."""
        return self._path(number).exists()

    def merged_into(self, number: int) -> int | None:
        """The first shard of the range, if the rows of a shard are there; else `None`."""
        first = _first(number)
        return first if number != first and is_merged(self._path(first)) else None

    def gone_from(self, first: int) -> list[int]:
        """Numbers of a range whose shards are not there any more."""
        return [number for number in range(first + 1, first + _RANGE) if not self.has(number)]

    def keys(self, number: int) -> tuple[list[bytes], int] | None:
        """Keys of a shard, and the number after those that it stands for; `None` if it cannot be trusted."""
        kept = self._kept.get(number)
        table = kept if kept is not None else self._read(number, ["key"])
        return None if table is None else (table["key"].to_pylist(), number + num_numbers(table.schema))

    def rows(self, number: int) -> pa.Table | None:
        """A shard; `None`, with a warning, if it cannot be trusted, and without one if it was merged."""
        table = self._kept.pop(number, None)
        if table is None:
            table = self._read(number, self._schema.names)
        if table is not None:
            self._kept[number] = table
            while len(self._kept) > 1 and sum(kept.nbytes for kept in self._kept.values()) > _BYTES_KEPT:
                self._kept.popitem(last=False)
        return table

    def forget(self, number: int) -> None:
        """Read a shard anew when it is asked for, since another may have its name."""
        self._kept.pop(number, None)

    def append(self, number: int, table: pa.Table) -> bool:
        """Write a shard, unless another process has taken the number.

        Raises:
            OSError: it could not be written.
        """
        with part_file(self._folder) as part:
            write_shard(part, table, self._owner)
            try:
                claim(part, self._path(number))
            except FileExistsError:
                return False
        if number != _first(number) and is_merged(self._path(_first(number))):
            # Its shard was merged and removed just now: the name is free and yet taken.
            self._path(number).unlink(missing_ok=True)
            return False
        if number == _first(number) + _RANGE - 1:
            self._merge(_first(number))
        return True

    def _merge(self, first: int) -> None:
        """Put the rows of a range into its first shard; nothing happens if one of them cannot be trusted."""
        numbers = range(first, first + _RANGE)
        try:
            tables = [self._checked(number, self._schema.names) for number in numbers]
            with part_file(self._folder) as part:
                write_shard(part, pa.concat_tables(tables), self._owner, _RANGE)
                settle(part, self._path(first))
            for number in numbers[1:]:
                self._path(number).unlink(missing_ok=True)
        except DamagedShard:
            return  # told by whoever needs its rows
        except OSError as error:
            logger.warning("The small shards of the score store %s were not merged: %s.", self._folder, error)

    def _read(self, number: int, columns: Sequence[str]) -> pa.Table | None:
        try:
            return self._checked(number, columns)
        except DamagedShard as error:
            if self.merged_into(number) is None:
                logger.warning(
                    "The shard %s of the score store is not used (%s): its rows are scored again. To stop "
                    "this warning, remove the file.",
                    self._path(number),
                    error,
                )
            return None

    def _checked(self, number: int, columns: Sequence[str]) -> pa.Table:
        return read_shard(self._path(number), self._schema, columns, self._owner)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:0{_DIGITS}d}.parquet"


def _first(number: int) -> int:
    return number - number % _RANGE
