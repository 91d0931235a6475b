"""Parts of a table that several runs have scored, each with a note of which rows it holds."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_naturalness.spec import read_spec
from local_naturalness.store.files import settle


@dataclass(frozen=True)
class Part:
    """Rows `[first_row, first_row + num_rows)` of a table of `total_rows`, and how they were scored."""

    shard_index: int
    num_shards: int
    first_row: int
    num_rows: int
    total_rows: int
    spec: str

    @property
    def end(self) -> int:
        """Behind the last row."""
        return self.first_row + self.num_rows

    @property
    def name(self) -> str:
        """File name without an ending."""
        return f"{self.shard_index:05d}-of-{self.num_shards:05d}"


def block_range(total_rows: int, block: int, shard_index: int, num_shards: int) -> range:
    """The rows of one shard: whole blocks, so that rows are scored together as in a single run.

    >>> [block_range(10, 4, index, 2) for index in range(2)]
    [range(0, 4), range(4, 10)]
    """
    num_blocks = -(-total_rows // block)
    bounds = [num_blocks * index // num_shards * block for index in (shard_index, shard_index + 1)]
    return range(bounds[0], min(bounds[1], total_rows))


def write_part(folder: Path, workplace: Path, part: Part, write: Callable[[Path], object] | None) -> None:
    """Write a part, its note last: a part without a note is not finished.

    Args:
        folder: of the parts.
        workplace: on the same disk, for files that are not finished.
        part: what the note tells.
        write: writes the table; `None` where the part has no rows.
    """
    folder.mkdir(exist_ok=True)
    note, table = (folder / f"{part.name}{ending}" for ending in (".json", ".parquet"))
    note.unlink(missing_ok=True)
    if write is not None:
        write(workplace / table.name)
        settle(workplace / table.name, table)
    (workplace / note.name).write_text(json.dumps(asdict(part), indent=2) + "\n", encoding="utf-8")
    settle(workplace / note.name, note)


def read_parts(folder: Path) -> list[Part]:
    """The finished parts, in the order of their rows, checked to be one whole.

    Raises:
        ValueError: parts are missing, double, damaged, or of different runs; the message names them.
    """
    parts = [_read_note(path) for path in sorted(folder.glob("*.json"))]
    if not parts:
        raise ValueError(
            f"There is no finished part in {str(folder.parent.parent)!r}: run `local-naturalness score` with "
            "--shard-index and --num-shards first."
        )
    _check_same(parts)
    parts.sort(key=lambda part: (part.first_row, part.end))
    _check_complete(parts)
    return parts


def joined(folder: Path, parts: Sequence[Part]) -> tuple[pa.Schema, Iterator[pa.Table]]:
    """Columns of the whole table, and its rows piece by piece.

    Raises:
        ValueError: a table is missing, damaged, has another number of rows than noted, or other columns.
    """
    files = [_opened(folder / f"{part.name}.parquet", part) for part in parts if part.num_rows]
    schema = files[0].schema_arrow
    for part, file in zip((part for part in parts if part.num_rows), files, strict=True):
        if not file.schema_arrow.equals(schema):
            raise ValueError(
                f"The part {part.name} has other columns than the first one: its input was another table. "
                "Score that shard again from the same input."
            )
    return schema, (file.read_row_group(group) for file in files for group in range(file.num_row_groups))


def _read_note(path: Path) -> Part:
    try:
        part = Part(**json.loads(path.read_text(encoding="utf-8")))
        if part.name != path.stem:
            raise ValueError(f"it is about {part.name}")
        return part
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"The note {str(path)!r} of a part is damaged ({error}): score that shard again."
        ) from error


def _check_same(parts: Sequence[Part]) -> None:
    """All parts must have been scored alike, from a table of the same length, split alike."""
    for part in parts[1:]:
        if read_spec(part.spec).get("id") != read_spec(parts[0].spec).get("id"):
            raise ValueError(
                f"The parts were scored with different settings: {parts[0].name} with {parts[0].spec}, "
                f"{part.name} with {part.spec}. Score one of them again with the settings of the other."
            )
        for what in ("num_shards", "total_rows"):
            values = getattr(parts[0], what), getattr(part, what)
            if values[0] != values[1]:
                raise ValueError(
                    f"The parts are not of one run: {parts[0].name} has {what}={values[0]}, {part.name} has "
                    f"{what}={values[1]}. Remove the parts that do not belong."
                )


def _check_complete(parts: Sequence[Part]) -> None:
    """Every row of the table must be in one part, and in one only."""
    present = {part.shard_index for part in parts}
    if missing := [str(index) for index in range(parts[0].num_shards) if index not in present]:
        raise ValueError(
            f"Of {parts[0].num_shards} shards these are not finished: {', '.join(missing)}. Run "
            "`local-naturalness score` with --shard-index for each of them, then merge again."
        )
    row = 0
    for part in parts:
        if part.first_row != row:
            problem = "missing" if part.first_row > row else "double"
            rows = sorted((row, part.first_row))
            raise ValueError(
                f"Rows {rows[0]} to {rows[1] - 1} are {problem} before the part {part.name}: its shard was "
                "scored with another --shard-rows or from another input. Score it again like the others."
            )
        row = part.end
    if row != parts[0].total_rows:
        raise ValueError(
            f"The parts end with row {row - 1} of a table of {parts[0].total_rows} rows: score the last "
            "shard again."
        )


def _opened(path: Path, part: Part) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(
            f"The part {str(path)!r} cannot be read ({' '.join(str(error).split())}): score that shard again."
        ) from error
    if file.metadata.num_rows != part.num_rows:
        raise ValueError(
            f"The part {str(path)!r} holds {file.metadata.num_rows} rows instead of {part.num_rows}: score "
            "that shard again."
        )
    return file
