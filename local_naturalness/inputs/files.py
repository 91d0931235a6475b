"""Files of one format as one dataset."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from datasets import Dataset, load_dataset

from local_naturalness.inputs.cache import linked
from local_naturalness.inputs.causes import cause
from local_naturalness.inputs.csv_files import read_csv_files
from local_naturalness.inputs.json_objects import WrongObject, rows_in_object, written_rows
from local_naturalness.inputs.nesting import NestedTooDeeply, refuse_deep_nesting
from local_naturalness.inputs.parquet_columns import united_features

_FORMATS = {
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".csv": "csv",
    ".tsv": "csv",
    ".parquet": "parquet",
}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zst")
# Of a Parquet file; by default as many as its first group has, which may be none.
_ROWS_AT_ONCE = 1_000
# Columns of a CSV file whose values are never numbers.
TEXT_COLUMNS = ("prompt", "response", "teacher")


def read_files(
    files: Sequence[Path], texts: Sequence[str] = TEXT_COLUMNS, split: str | None = None
) -> Dataset:
    """Read files of one format.

    Args:
        files: at least one.
        texts: columns of CSV files that hold texts, even if all of them look like numbers.
        split: which list to read of JSON files that are one object around several.

    Raises:
        ValueError: a file is empty, damaged or of another kind, or one object around several lists. The
            message names the file and, if possible, the line.
    """
    formats = {path: _format(path) for path in files}
    if len(set(formats.values())) > 1:
        listed = ", ".join(path.name for path in files[:5])
        raise ValueError(
            f"The folder {str(files[0].parent)!r} holds files of several formats ({listed}): pass a "
            "single file, or a folder with one format."
        )
    for path in files:
        if not path.stat().st_size:
            raise ValueError(f"{str(path)!r} is empty.")
    kind, name = formats[files[0]], "train"
    if kind == "csv":
        return read_csv_files(files, texts)
    links, folder = linked(files, _ending(files[0]))
    try:
        if kind == "json":
            refuse_deep_nesting(files)
            links, name = _as_lines(files, links, Path(folder), split)
        options: dict[str, Any] = {}
        if kind == "parquet":
            options = {"features": united_features(files), "batch_size": _ROWS_AT_ONCE}
        dataset = load_dataset(kind, data_files={name: links}, split=name, cache_dir=folder, **options)
        if kind == "json":
            dataset.data.table.validate(full=True)  # the reader of JSON lets other encodings pass
        return dataset
    except (NestedTooDeeply, WrongObject):
        raise
    except Exception as error:  # readers of datasets raise what their parsers raise
        raise ValueError(cause(files, kind, error)) from error


def _as_lines(
    files: Sequence[Path], links: Sequence[str], folder: Path, split: str | None
) -> tuple[list[str], str]:
    """The links, and the name of the split that they hold.

    Copies stand instead of links to files that are one object around the rows.
    """
    found = [rows_in_object(file, split) for file in files]
    copies = folder / f"rows-{quote(split or '', safe='')}"
    lines = [
        link if rows is None else written_rows(rows, copies / f"{number:05d}.jsonl")
        for number, (rows, link) in enumerate(zip(found, links, strict=True))
    ]
    has_split = split is not None and re.fullmatch(r"\w+", split) and lines != links
    return lines, split if split and has_split else "train"


def is_data_file(path: Path) -> bool:
    """Whether the name is that of a file that can be read."""
    return _ending(path) != ""


def _ending(path: Path) -> str:
    """Such as ".jsonl" or ".jsonl.gz"; "" for other files."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    wrapped = suffixes[-1:] if suffixes and suffixes[-1] in _COMPRESSED else []
    inner = suffixes[: len(suffixes) - len(wrapped)][-1:]
    return "".join(inner + wrapped) if inner and inner[0] in _FORMATS else ""


def _format(path: Path) -> str:
    ending = _ending(path)
    if not ending:
        raise ValueError(
            f"{str(path)!r} is not one of {', '.join(_FORMATS)}, alone or compressed "
            f"({', '.join(_COMPRESSED)})."
        )
    return _FORMATS["." + ending.split(".")[1]]
