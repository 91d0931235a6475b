"""One table from a file, a folder or the Hub."""

import logging
import os
from pathlib import Path

from datasets import Dataset, DatasetDict, load_dataset, load_from_disk
from datasets.exceptions import DatasetNotFoundError

from local_naturalness.inputs.cache import clean_name
from local_naturalness.inputs.columns import without_surprises
from local_naturalness.inputs.files import TEXT_COLUMNS, is_data_file, read_files
from local_naturalness.inputs.folders import files_by_split
from local_naturalness.inputs.partitions import read_partitions

logger = logging.getLogger(__name__)


def read_table(
    source: str | Path, split: str | None = None, texts: tuple[str, ...] = TEXT_COLUMNS
) -> Dataset:
    """Read rows from a file, a folder or the Hub, as `load_dataset` reads them.

    File names are taken literally, never as patterns. Images and audio are not decoded. A column that mixes
    texts and numbers is read as text.

    Args:
        source: a file (JSON, JSON Lines, CSV, TSV, Parquet, also compressed), a folder of such files, a
            folder that `save_to_disk` wrote, or a hub id.
        split: which split to read; by default `train`, or the only one.
        texts: columns of CSV files that hold texts, even if all of them look like numbers.

    Raises:
        FileNotFoundError: nothing is there.
        ConnectionError: the source looks like a hub id, and no such dataset can be reached.
        ValueError: the source is not a table, has no rows, or has no such split.
    """
    source = str(source)
    path = Path(source)
    if path.is_file():
        dataset = _without_splits(read_files([path], texts, split), source, split)
    elif path.is_dir():
        dataset = _read_folder(path, split, texts)
    elif _looks_like_path(source):
        raise FileNotFoundError(f"There is no file or folder {source!r}.")
    else:
        dataset = _read_hub(source, split)
    if not len(dataset):
        raise ValueError(f"{source!r} holds no rows.")
    return without_surprises(dataset)


def _read_folder(path: Path, split: str | None, texts: tuple[str, ...]) -> Dataset:
    if (path / "dataset_info.json").exists() or (path / "dataset_dict.json").exists():
        saved = load_from_disk(str(clean_name(path)))
        if isinstance(saved, Dataset):
            return _without_splits(saved, str(path), split)
        return saved[_chosen([str(name) for name in saved], str(path), split)]
    splits = files_by_split(path)
    return read_partitions(path, splits[_chosen(list(splits), str(path), split)], texts)


def _read_hub(source: str, split: str | None) -> Dataset:
    try:
        splits = load_dataset(source)
    except (ConnectionError, DatasetNotFoundError) as error:
        raise ConnectionError(
            f"There is no file or folder {source!r}, and no dataset of that name on the Hub can be reached "
            f"({' '.join(str(error).split())})."
        ) from error
    if not isinstance(splits, DatasetDict):
        raise ValueError(f"{source!r} is not a table of rows.")
    return splits[_chosen([str(name) for name in splits], source, split)]


def _chosen(splits: list[str], source: str, asked: str | None) -> str:
    """The requested split; by default `train`, or the only one."""
    if asked is None:
        asked = splits[0] if len(splits) == 1 else "train"
        if asked in splits and len(splits) > 1:
            others = ", ".join(name for name in splits if name != asked)
            logger.info("Reading the split 'train' of %s; it also has: %s.", source, others)
    if asked not in splits:
        raise ValueError(f"{source!r} has the splits {', '.join(splits)}: choose one with --split.")
    return asked


def _without_splits(dataset: Dataset, source: str, asked: str | None) -> Dataset:
    if asked not in (None, "train", str(dataset.split)):
        raise ValueError(f"{source!r} is one table without a split {asked!r}: leave out --split.")
    return dataset


def _looks_like_path(source: str) -> bool:
    return source.count("/") != 1 or is_data_file(Path(source)) or source.startswith((".", os.sep))
