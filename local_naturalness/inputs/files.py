"""Files of one format as one dataset."""

from collections.abc import Sequence
from pathlib import Path

from datasets import Dataset, load_dataset

from local_naturalness.inputs.cache import folder_of, linked
from local_naturalness.inputs.causes import cause
from local_naturalness.inputs.csv_files import read_csv_files
from local_naturalness.inputs.json_files import read_json_files
from local_naturalness.inputs.json_objects import WrongObject
from local_naturalness.inputs.parquet_columns import united_features
from local_naturalness.listed import listed

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
        names = listed([path.name for path in files], at_most=5)
        other = next(path for path in files if formats[path] == "csv")
        raise ValueError(
            f"The folder {str(files[0].parent)!r} holds files of several formats ({names}): pass a single "
            "file, or a folder with one format. To convert a file, in Python: `from local_naturalness.inputs "
            f"import read_table; read_table({str(other)!r}).to_json({str(other.with_suffix('.jsonl'))!r})`."
        )
    for path in files:
        if not path.stat().st_size:
            raise ValueError(f"{str(path)!r} is empty.")
    kind = formats[files[0]]
    if kind == "csv":
        return read_csv_files(files, texts)
    try:
        if kind == "json":
            return read_json_files(files, folder_of(files), split)
        links, folder = linked(files, _ending(files[0]))
        return load_dataset(
            kind,
            data_files=links,
            split="train",
            cache_dir=folder,
            features=united_features(files),
            batch_size=_ROWS_AT_ONCE,
        )
    except WrongObject:
        raise
    except Exception as error:  # readers of datasets raise what their parsers raise
        raise ValueError(cause(files, kind, error)) from error


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
