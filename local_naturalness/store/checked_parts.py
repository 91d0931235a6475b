"""Checks that the parts of several runs make up one table, and otherwise says what is wrong."""

from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from local_naturalness.counted import counted
from local_naturalness.listed import listed
from local_naturalness.store.blocks import interleaved_rows
from local_naturalness.store.input_digests import first_difference, read_input
from local_naturalness.store.other_settings import refuse_other_settings_in_parts
from local_naturalness.store.part import AGAIN, Part, read_notes, readable_notes

_MOST_NAMED = 20


def read_parts(folder: Path) -> list[Part]:
    """Read the finished parts, in the order of their rows, and check that they make up one table.

    Raises:
        ValueError: parts are missing, duplicate, damaged, or of different runs. The message names them.
    """
    parts = read_notes(folder)
    if not parts:
        raise ValueError(
            f"There is no finished part in {str(folder.parent.parent)!r}: run `local-naturalness score` with "
            "--shard-index and --num-shards first."
        )
    refuse_other_settings_in_parts(parts)
    _check_same_input(folder, parts)
    parts.sort(key=lambda part: (part.first_row, part.end))
    _check_all_there(parts)
    if parts[0].is_interleaved:
        parts.sort(key=lambda part: part.shard_index)
        _check_blocks(parts)
    else:
        _check_ranges(parts)
    return parts


def takes_ranges(folder: Path, num_shards: int) -> bool:
    """Whether finished shards are contiguous, as in earlier versions. Then the others must be so too."""
    return any(not part.is_interleaved and part.num_shards == num_shards for part in readable_notes(folder))


def other_input(folder: Path, input: str, num_shards: int) -> str | None:
    """A message if finished shards were scored from another table than this one. Otherwise `None`."""
    for part in readable_notes(folder):
        if part.input not in (None, input) and part.num_shards == num_shards:
            return _difference(folder, part.name, part.input, "this shard", input)
    return None


def _check_same_input(folder: Path, parts: Sequence[Part]) -> None:
    noted = [part for part in parts if part.input is not None]
    for part in noted[1:]:
        if part.input != noted[0].input:
            told = _difference(folder, noted[0].name, noted[0].input, part.name, part.input)
            raise ValueError(
                f"The parts were scored from different inputs: {told}. Score one of them again from the "
                "input of the other; finished rows are kept."
            )


def _difference(folder: Path, name: str, input: str | None, other_name: str, other_input: str | None) -> str:
    one, other = (read_input(folder, str(id)) for id in (input, other_input))
    where = "they do not hold the same rows in the same order"
    if one is not None and other is not None:
        where = f"row {first_difference(one, other)} is the first that differs"
        if one.columns != other.columns:
            differ = sorted(set(one.columns) ^ set(other.columns)) or ["their order"]
            where = f"their columns differ ({', '.join(differ)})"
    return f"{name} and {other_name} do not agree, {where}"


def _check_all_there(parts: Sequence[Part]) -> None:
    present = {part.shard_index for part in parts}
    missing = (str(index) for index in range(parts[0].num_shards) if index not in present)
    if named := list(islice(missing, _MOST_NAMED)):
        # There may be more shards than fit into a list.
        others = parts[0].num_shards - len(present) - len(named)
        shards = listed([*named, f"{others:,} more"] if others > 0 else named)
        raise ValueError(
            f"Of {parts[0].num_shards} shards these are not finished: {shards}. Run `local-naturalness "
            "score` with --shard-index for each of them, then merge again."
        )


def _check_blocks(parts: Sequence[Part]) -> None:
    """Check that every part holds the blocks of its shard."""
    for part in parts:
        assert part.shard_rows is not None
        rows = interleaved_rows(part.total_rows, part.shard_rows, part.shard_index, part.num_shards)
        if part.num_rows != len(rows):
            raise ValueError(
                f"The part {part.name} holds {counted(part.num_rows, 'row')}, but its shard has {len(rows)}: "
                f"score it again, {AGAIN}."
            )


def _check_ranges(parts: Sequence[Part]) -> None:
    """Check that every row of the table is in exactly one part."""
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
            f"The parts end with row {row - 1} of a table of {counted(parts[0].total_rows, 'row')}: score "
            "the last shard again."
        )
