"""Reading the tables that commands work on."""

import json
import os
from pathlib import Path

from datasets import Dataset, DatasetDict, load_dataset, load_from_disk
from datasets.exceptions import DatasetNotFoundError

from local_naturalness.cli.description import restore_description

_FORMATS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".parquet": "parquet"}


def read_table(source: str, split: str = "train") -> Dataset:
    """Read rows from a file, a folder or the Hub.

    Raises:
        FileNotFoundError: nothing is there.
        ConnectionError: the source looks like a hub id, and no such dataset can be reached.
        ValueError: something is there that is not a table, or it has no rows, or no such split.
    """
    path = Path(source)
    if path.is_file():
        dataset = _read_file(path)
    elif path.is_dir():
        dataset = _read_folder(path)
    elif _looks_like_path(source):
        raise FileNotFoundError(f"There is no file or folder {source!r}.")
    else:
        dataset = _read_hub(source)
    if isinstance(dataset, DatasetDict):
        if split not in dataset:
            raise ValueError(f"{source!r} has the splits {', '.join(dataset)}: choose one with --split.")
        dataset = dataset[split]
    elif split not in ("train", str(dataset.split)):
        raise ValueError(f"{source!r} is one table without a split {split!r}: leave out --split.")
    if not len(dataset):
        raise ValueError(f"{source!r} holds no rows.")
    return dataset


def _read_file(path: Path) -> Dataset:
    if path.suffix not in _FORMATS:
        raise ValueError(f"{str(path)!r} is not one of {', '.join(_FORMATS)}.")
    if not path.stat().st_size:
        raise ValueError(f"{str(path)!r} is empty.")
    try:
        dataset = load_dataset(_FORMATS[path.suffix], data_files=str(path), split="train")
    except Exception as error:  # readers of datasets raise what their parsers raise
        line = _broken_line(path) if path.suffix == ".jsonl" else None
        where = f", line {line} is not valid JSON" if line else f" ({type(error).__name__})"
        raise ValueError(f"{str(path)!r} could not be read{where}.") from error
    restore_description(dataset, path)
    return dataset


def _read_folder(path: Path) -> Dataset | DatasetDict:
    if (path / "dataset_info.json").exists() or (path / "dataset_dict.json").exists():
        return load_from_disk(str(path))
    files = sorted(path.glob("*.parquet"))
    if not files:
        raise ValueError(f"The folder {str(path)!r} holds neither *.parquet nor a saved dataset.")
    if len(files) == 1:
        return _read_file(files[0])
    return load_dataset("parquet", data_files=list(map(str, files)), split="train")


def _read_hub(source: str) -> DatasetDict:
    try:
        return load_dataset(source)
    except (ConnectionError, DatasetNotFoundError) as error:
        raise ConnectionError(
            f"There is no file or folder {source!r}, and no dataset of that name on the Hub can be reached "
            f"({' '.join(str(error).split())})."
        ) from error


def _looks_like_path(source: str) -> bool:
    return source.count("/") != 1 or Path(source).suffix in _FORMATS or source.startswith((".", os.sep))


def _broken_line(path: Path) -> int | None:
    with path.open(encoding="utf-8", errors="replace") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                json.loads(line)
            except ValueError:
                return number
    return None
