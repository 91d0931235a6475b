"""Digests of the rows of a table, to check whether two runs read the same table.

Each run that scores a share of a table writes the digests of all of its rows beside its part. The file is
named after its own digest, so runs of the same table write the same file.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import xxhash

from local_naturalness.store.atomic_files import settle

if TYPE_CHECKING:
    from datasets import Dataset

_ROWS_AT_ONCE = 1000
_ENDING = ".rows"
_NULL = 0x9E3779B97F4A7C15  # an arbitrary number that stands for a missing value


@dataclass(frozen=True)
class InputRows:
    """Digests of the rows of a table, in the order of the table.

    Args:
        columns: columns that the digests cover, in order.
        digests: shape [rows], uint64.
    """

    columns: tuple[str, ...]
    digests: np.ndarray

    @property
    def id(self) -> str:
        """Digest of all digests and of the names of the columns."""
        return xxhash.xxh3_128_hexdigest(self._content())

    def write(self, folder: Path, place: Path) -> None:
        """Write the digests where other runs find them.

        Args:
            folder: folder of the parts.
            place: folder for temporary files, on the same disk.
        """
        target = folder / f"{self.id}{_ENDING}"
        if read_input(folder, self.id) is None:
            part = place / f"{self.id}.part"
            part.write_bytes(self._content())
            settle(part, target)

    def _content(self) -> bytes:
        head = json.dumps({"columns": self.columns})
        return f"{head}\n".encode() + self.digests.astype("<u8").tobytes()


def read_input(folder: Path, id: str) -> InputRows | None:
    """Read digests that a run has written. `None` if they are missing or damaged."""
    try:
        content = (folder / f"{id}{_ENDING}").read_bytes()
    except OSError:
        return None
    if xxhash.xxh3_128_hexdigest(content) != id:
        return None
    head, _, digests = content.partition(b"\n")
    return InputRows(tuple(json.loads(head)["columns"]), np.frombuffer(digests, "<u8"))


def digest_rows(dataset: "Dataset", columns: Sequence[str]) -> InputRows:
    """Read a dataset and digest its rows."""
    tables: Iterable[pa.Table] = dataset.with_format("arrow").iter(batch_size=_ROWS_AT_ONCE)
    digests = [digest_table(table, columns) for table in tables]
    return InputRows(tuple(columns), np.concatenate(digests) if digests else np.empty(0, np.uint64))


def digest_table(table: pa.Table, columns: Sequence[str]) -> np.ndarray:
    """One digest per row of some columns, shape [rows], uint64.

    >>> table = pa.table({"prompt": ["a", "a", "b"], "ok": [True, True, None]})
    >>> one, two, three = digest_table(table, ["prompt", "ok"]).tolist()
    >>> one == two, two == three
    (True, False)
    """
    cells = np.array([list(_cells(table[name])) for name in columns], np.uint64).reshape(len(columns), -1)
    rows = np.ascontiguousarray(cells.T)
    return np.array([xxhash.xxh3_64_intdigest(row.tobytes()) for row in rows], np.uint64)


def first_difference(one: InputRows, other: InputRows) -> int:
    """Number of the first row that differs. If one table begins with all of the other, the shorter length."""
    shared = min(len(one.digests), len(other.digests))
    if one.columns != other.columns:
        return 0
    differ = np.flatnonzero(one.digests[:shared] != other.digests[:shared])
    return int(differ[0]) if len(differ) else shared


def _cells(column: pa.ChunkedArray) -> Iterator[int]:
    for value in column.to_pylist():
        yield _NULL if value is None else xxhash.xxh3_64_intdigest(_as_bytes(value))


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text.encode()
