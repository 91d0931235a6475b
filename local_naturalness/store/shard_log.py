"""The log of shards in a store. Small shards are merged, so that there are never many.

Numbers come in ranges of 64. The process that claims the last number of a range writes the rows of all shards
of the range into the first shard, in order, and removes the others. So rows of the first shard keep their
places. A process that does not find another shard looks into the first shard of the range. If a process died
during a merge, the process that fills a later range finishes it.
"""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import pyarrow as pa

from local_naturalness.store.atomic_files import claim, part_file, settle
from local_naturalness.store.kept_tables import KeptTables
from local_naturalness.store.shard import DamagedShard, is_merged, num_numbers, read_shard, write_shard
from local_naturalness.store.shard_names import range_of, shard_numbers, shard_path

logger = logging.getLogger(__name__)

# Size of the shards that stay in memory. A process that reads rows in the order in which they were scored
# reads each shard once. If the whole store is smaller than this, that holds for any order.
_BYTES_KEPT = 1 << 26
# No merge takes this long. A process that did would find the range merged, and stop.
_ABANDONED = 600.0  # seconds


class ShardLog:
    """The shards of one scorer in a folder.

    Args:
        folder: folder of the store.
        schema: schema of the rows.
        owner: identity of the scorer.
    """

    def __init__(self, folder: Path, schema: pa.Schema, owner: str):
        self._folder = folder
        self._schema = schema
        self._owner = owner
        self._kept = KeptTables(_BYTES_KEPT)
        # Both by the first number of a range: the state of a first shard that was not merged when it was last
        # read, and the ranges that this process has tried to merge.
        self._unmerged: dict[int, tuple[int, ...] | None] = {}
        self._tried: set[int] = set()

    def numbers(self) -> list[int]:
        """The numbers of all shards, ascending."""
        return shard_numbers(self._folder)

    def has(self, number: int) -> bool:
        """Whether there is a shard with that number."""
        return self._path(number).exists()

    def may_be_merged(self, number: int) -> bool:
        """Whether the result of `merged_into` may have changed. This is cheaper than calling it."""
        first = _first(number)
        return number != first and self._unmerged.get(first, ()) != _state(self._path(first))

    def merged_into(self, number: int) -> int | None:
        """The number of the first shard of the range, if the shard was merged into it. Otherwise `None`."""
        first = _first(number)
        if number == first:
            return None
        state = _state(self._path(first))
        if is_merged(self._path(first)):
            return first
        self._unmerged[first] = state
        return None

    def gone_from(self, first: int) -> list[int]:
        """Numbers of a range whose shards no longer exist."""
        return [number for number in range_of(first)[1:] if not self.has(number)]

    def keys(self, number: int) -> tuple[list[bytes], int] | None:
        """Keys of a shard, and the number after those it stands for. `None` if it cannot be trusted."""
        kept = self._kept.get(number)
        table = kept if kept is not None else self._read(number, ["key"])
        return None if table is None else (table["key"].to_pylist(), number + num_numbers(table.schema))

    def rows(self, number: int) -> pa.Table | None:
        """Read a shard. `None` if it was merged, or, with a warning, if it cannot be trusted."""
        table = self._kept.get(number)
        if table is None:
            table = self._read(number, self._schema.names)
            if table is not None:
                self._kept.put(number, table)
        return table

    def forget(self, number: int) -> None:
        """Forget the rows of a shard, because another shard may have its name now."""
        self._kept.forget(number)

    def append(self, number: int, table: pa.Table) -> bool:
        """Write a shard, unless another process has taken the number.

        Returns:
            Whether the shard was written.

        Raises:
            OSError: the shard could not be written.
        """
        with part_file(self._folder) as part:
            write_shard(part, table, self._owner)
            try:
                claim(part, self._path(number))
            except FileExistsError:
                return False
        if number != _first(number) and is_merged(self._path(_first(number))):
            # A shard with this number was just merged and removed. Its name was free, but must not be used
            # again.
            self._path(number).unlink(missing_ok=True)
            return False
        if number == range_of(number)[-1]:
            for first in (_first(number), *self._abandoned(_first(number))):
                self._merge(first)
        return True

    def _abandoned(self, before: int) -> list[int]:
        """First numbers of earlier ranges that were not merged, although no process works on them now."""
        firsts = {_first(number) for number in self.numbers() if number != _first(number) < before}
        now = time.time()
        found = sorted(first for first in firsts - self._tried if now - self._touched(first) > _ABANDONED)
        self._tried.update(found)
        return found

    def _touched(self, first: int) -> float:
        """When the last shard of a range was written, or the shard that all were merged into."""
        states = [_state(self._path(number)) for number in (first, range_of(first)[-1])]
        return max((state[0] / 1e9 for state in states if state is not None), default=0.0)

    def _merge(self, first: int) -> None:
        """Write the rows of a range into its first shard. Nothing changes if a shard cannot be trusted.

        Several processes may do this at the same time, because all write the same rows in the same order.
        """
        numbers = range_of(first)
        try:
            if is_merged(self._path(first)):
                self._remove_leftovers(first)
                return
            tables = [self._checked(number, self._schema.names) for number in numbers]
            if is_merged(self._path(first)):
                # Another process has just merged the range. It freed names that others may have used since,
                # so the tables that were read may hold other rows.
                return
            with part_file(self._folder) as part:
                write_shard(part, pa.concat_tables(tables), self._owner, len(numbers))
                settle(part, self._path(first))
            for number in numbers[1:]:
                self._path(number).unlink(missing_ok=True)
        except DamagedShard:
            return  # reported when the rows of the shard are needed
        except OSError as error:
            logger.warning("The small shards of the score store %s were not merged: %s.", self._folder, error)

    def _remove_leftovers(self, first: int) -> None:
        """Remove the old shards of a merged range. A shard with rows that are nowhere else stays."""
        held = set(self._checked(first, ["key"])["key"].to_pylist())
        for number in range_of(first)[1:]:
            if self.has(number) and held.issuperset(self._checked(number, ["key"])["key"].to_pylist()):
                self._path(number).unlink(missing_ok=True)

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
        return shard_path(self._folder, number)


def _state(path: Path) -> tuple[int, ...] | None:
    """Time in nanoseconds, size and inode of a file. They change if the file is replaced."""
    with suppress(OSError):
        found = path.stat()
        return found.st_mtime_ns, found.st_size, found.st_ino
    return None


def _first(number: int) -> int:
    return range_of(number)[0]
