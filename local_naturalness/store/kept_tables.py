"""Tables that stay in memory, up to a number of bytes; those that were asked for last stay longest."""

from collections import OrderedDict

import pyarrow as pa


class KeptTables:
    """Shards by their numbers.

    Args:
        max_bytes: of all tables together. A larger table stays alone.
    """

    def __init__(self, max_bytes: int):
        self._max_bytes = max_bytes
        # The size is noted beside the table: a store has thousands of small ones, and to ask each for its
        # size again would take longer than to read a shard.
        self._tables: OrderedDict[int, tuple[pa.Table, int]] = OrderedDict()
        self._num_bytes = 0

    def get(self, number: int) -> pa.Table | None:
        """The table, if it is still there."""
        if number not in self._tables:
            return None
        self._tables.move_to_end(number)
        return self._tables[number][0]

    def put(self, number: int, table: pa.Table) -> None:
        """Keep a table. Those that nobody has asked for the longest go."""
        self.forget(number)
        num_bytes = table.nbytes
        self._tables[number] = table, num_bytes
        self._num_bytes += num_bytes
        while self._num_bytes > self._max_bytes and len(self._tables) > 1:
            _, (_, num_bytes) = self._tables.popitem(last=False)
            self._num_bytes -= num_bytes

    def forget(self, number: int) -> None:
        """Drop a table, if it is there."""
        _, num_bytes = self._tables.pop(number, (None, 0))
        self._num_bytes -= num_bytes
