"""Files of one table whose columns have other names: which, and how to rename them."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path

from local_naturalness.inputs.column_names import renamed, usual_name
from local_naturalness.listed import listed

# How a table is written in the format of a file.
_WRITERS = {".parquet": "to_parquet", ".csv": "to_csv", ".tsv": "to_csv"}
_NAMED = 3  # files


def missing_columns(files: Sequence[Path], columns: Sequence[Iterable[str]]) -> list[str]:
    """What to tell of columns that some files of a table lack.

    Args:
        files: of the table.
        columns: those of each file.

    >>> files = [Path("a.jsonl"), Path("b.jsonl")]
    >>> missing_columns(files, [["prompt", "response"], ["prompt"]])
    ["The column 'response' is missing in 'b.jsonl'. Its values are null there."]
    """
    there = [dict.fromkeys(names) for names in columns]
    # Each other file is compared with one that has the usual names.
    usual = max(there, key=lambda names: sum(usual_name(name) == name for name in names), default={})
    otherwise: dict[tuple[tuple[str, str], ...], list[Path]] = {}
    for file, names in zip(files, there, strict=True):
        if names_there := renamed(_without(names, usual), _without(usual, names)):
            otherwise.setdefault(tuple(names_there.items()), []).append(file)
    told = [
        _named_otherwise(some, dict(names), files[there.index(usual)]) for names, some in otherwise.items()
    ]
    missing: dict[tuple[Path, ...], list[str]] = {}
    for name in _without(dict.fromkeys(name for names in there for name in names), chain(*chain(*otherwise))):
        without = tuple(file for file, names in zip(files, there, strict=True) if name not in names)
        missing.setdefault(without, []).append(name)
    return [*told, *(_missing(some, names, len(files)) for some, names in missing.items() if some)]


def recipe(files: Sequence[Path], names: Mapping[str, str]) -> str:
    """How to rename columns of files; empty if nothing is to be renamed."""
    if not names:
        return ""
    each = "" if len(files) == 1 else " for each of these files"
    return (
        " If they hold the same, rename them, in Python with `from local_naturalness.inputs import "
        f"read_table; read_table({str(files[0])!r}).rename_columns({dict(names)!r}).{_writer(files[0])}`"
        f"{each}."
    )


def _writer(file: Path) -> str:
    found = (_WRITERS[ending.lower()] for ending in file.suffixes if ending.lower() in _WRITERS)
    return f"{next(found, 'to_json')}({str(file)!r})"


def _without(names: Iterable[str], others: Iterable[str]) -> list[str]:
    left_out = set(others)
    return [name for name in names if name not in left_out]


def _named_otherwise(files: Sequence[Path], names: Mapping[str, str], other: Path) -> str:
    have = "has" if len(files) == 1 else "have"
    usual = ", ".join(map(repr, names.values()))
    return (
        f"{_listed(files)} {have} the {_columns([*names])}, and {str(other)!r} has {usual} instead. Values "
        f"of columns that a file lacks are null.{recipe(files, names)}"
    )


def _missing(files: Sequence[Path], names: Sequence[str], count: int) -> str:
    where = _listed(files) if len(files) <= _NAMED else f"{len(files)} of {count} files"
    is_one = len(names) == 1
    return (
        f"The {_columns(names)} {'is' if is_one else 'are'} missing in {where}. "
        f"{'Its' if is_one else 'Their'} values are null there."
    )


def _columns(names: Sequence[str]) -> str:
    return f"column{'s' * (len(names) > 1)} {', '.join(map(repr, names))}"


def _listed(files: Sequence[Path]) -> str:
    return listed([repr(str(file)) for file in files], at_most=_NAMED)
