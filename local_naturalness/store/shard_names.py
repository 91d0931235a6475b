"""Names of shards: numbers of eight digits. Each range of 64 numbers is merged into its first shard."""

from pathlib import Path

_DIGITS = 8
_RANGE = 64


def shard_path(folder: Path, number: int) -> Path:
    """The file of a shard.

    >>> shard_path(Path("store"), 64).name
    '00000064.parquet'
    """
    return folder / f"{number:0{_DIGITS}d}.parquet"


def shard_numbers(folder: Path) -> list[int]:
    """The numbers of all shards in a folder, ascending."""
    return sorted(int(path.stem) for path in folder.glob(f"{'[0-9]' * _DIGITS}.parquet"))


def range_of(number: int) -> range:
    """The range of 64 numbers that a number belongs to.

    >>> range_of(70)
    range(64, 128)
    """
    first = number - number % _RANGE
    return range(first, first + _RANGE)
