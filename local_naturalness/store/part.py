"""A part of a table that one of several runs has scored: a file of rows, and a note that describes it."""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import xxhash

from local_naturalness.store.atomic_files import settle
from local_naturalness.store.strict_json import made, read_object

# How to repair a part, for error messages.
AGAIN = "with the same command; its finished rows are kept"
_CHECKSUM = "checksum"


@dataclass(frozen=True)
class Part:
    """Which rows of a table of `total_rows` rows a part holds, and how they were scored.

    Args:
        first_row: number of its first row.
        num_rows: number of rows in the part.
        spec: spec of the scorer.
        shard_rows: number of rows that were scored together.
        is_interleaved: whether the rows are every `num_shards`-th block of `shard_rows` rows. Otherwise they
            are `[first_row, first_row + num_rows)`.
        columns: columns that were read, as a dict from arguments of the scorer to names of columns.
        input: digest of the whole table, see `InputRows`.
        table: digest of the file that holds the rows.

    Versions up to 0.1.0 stored none of the last five fields, and their shards were contiguous.
    """

    shard_index: int
    num_shards: int
    first_row: int
    num_rows: int
    total_rows: int
    spec: str
    shard_rows: int | None = None
    is_interleaved: bool = False
    columns: dict[str, str] = field(default_factory=dict)
    input: str | None = None
    table: str | None = None

    @property
    def end(self) -> int:
        """Number of the row after the last one, if the rows are contiguous."""
        return self.first_row + self.num_rows

    @property
    def name(self) -> str:
        """File name without the extension."""
        return part_name(self.shard_index, self.num_shards)


def part_name(index: int, count: int) -> str:
    """File name of one of several parts, without the extension.

    >>> part_name(3, 8)
    '00003-of-00008'
    """
    return f"{index:05d}-of-{count:05d}"


def write_part(folder: Path, place: Path, part: Part, write: Callable[[Path], object] | None) -> None:
    """Write a part and then its note. A part without a note is not finished.

    Args:
        folder: folder of the parts.
        place: folder for unfinished files, on the same disk.
        part: content of the note. The digest of the table is added.
        write: function that writes the table. `None` if the part has no rows.
    """
    folder.mkdir(exist_ok=True)
    note, table = (folder / f"{part.name}{ending}" for ending in (".json", ".parquet"))
    note.unlink(missing_ok=True)
    if write is not None:
        write(place / table.name)
        part = replace(part, table=digest_file(place / table.name))
        settle(place / table.name, table)
    values = asdict(part)
    content = json.dumps(values | {_CHECKSUM: _digest(values)}, indent=2) + "\n"
    (place / note.name).write_text(content, encoding="utf-8")
    settle(place / note.name, note)


def read_notes(folder: Path) -> list[Part]:
    """The finished parts, in the order of their names.

    Raises:
        ValueError: a note is damaged. The message names it.
    """
    return [_read_note(path) for path in sorted(folder.glob("*.json"))]


def readable_notes(folder: Path) -> list[Part]:
    """The finished parts whose notes are not damaged, for a run that is about to replace a part."""
    notes = []
    for path in sorted(folder.glob("*.json")):
        with suppress(ValueError):
            notes.append(_read_note(path))
    return notes


def digest_file(path: Path) -> str:
    """Digest of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, xxhash.xxh3_128).hexdigest()


def _read_note(path: Path) -> Part:
    try:
        values = read_object(path)
        checksum = values.pop(_CHECKSUM, None)
        part = made(Part, values)
        if checksum is None and part.table is not None:
            raise ValueError("it lacks its checksum")
        if checksum is not None and checksum != _digest(values):
            raise ValueError("its checksum does not match")
        if part.name != path.stem:
            raise ValueError(f"it describes {part.name}")
        if not _is_possible(part):
            raise ValueError("it describes rows that cannot exist")
        return part
    except ValueError as error:
        raise ValueError(
            f"The note {str(path)!r} of a part is damaged ({error}): score that shard again, {AGAIN}."
        ) from error


def _is_possible(part: Part) -> bool:
    return (
        0 <= part.shard_index < part.num_shards
        and 0 <= part.num_rows <= part.total_rows
        and part.first_row >= 0
        and (part.shard_rows is None or part.shard_rows > 0)
        and (not part.is_interleaved or part.shard_rows is not None)
    )


def _digest(values: dict[str, Any]) -> str:
    return xxhash.xxh3_64_hexdigest(json.dumps(values, sort_keys=True).encode())
