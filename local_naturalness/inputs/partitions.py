"""Folders whose names tell a column: `teacher=a/0.parquet`, as Spark and pandas write partitioned tables."""

import logging
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from urllib.parse import unquote

import pyarrow as pa
from datasets import Dataset, concatenate_datasets

from local_naturalness.inputs.csv_files import as_numbers
from local_naturalness.inputs.differing_columns import missing_columns
from local_naturalness.inputs.files import read_files

logger = logging.getLogger(__name__)

_NULL = "__HIVE_DEFAULT_PARTITION__"


def read_partitions(folder: Path, files: Sequence[Path], texts: Sequence[str]) -> Dataset:
    """Read the files of a folder, with the columns that folders inside it tell by their names.

    Args:
        folder: names of folders above it are not looked at.
        files: in the order of their rows.
        texts: columns that hold texts even where all of them look like numbers.

    Raises:
        ValueError: as `read_files` does.
    """
    groups = [
        (told, list(group))
        for told, group in groupby(files, key=lambda file: told_columns(file.relative_to(folder).parent))
    ]
    names = list(dict.fromkeys(name for told, _ in groups for name in told))
    if not names:
        return read_files(files, texts)
    parts = [read_files(group, texts) for _, group in groups]
    firsts = [group[0] for _, group in groups]
    for message in missing_columns(firsts, [part.column_names for part in parts]):
        logger.warning("%s", message)
    # A file that has the column itself knows better than its folder.
    names = [name for name in names if not any(name in part.column_names for part in parts)]
    table = concatenate_datasets(parts)
    for name in names:
        values = [
            told.get(name) for (told, _), part in zip(groups, parts, strict=True) for _ in range(len(part))
        ]
        column = pa.chunked_array([values], pa.string())
        if name not in texts:
            column = as_numbers(column)
        table = table.add_column(name, column)
    return table


def told_columns(path: Path) -> dict[str, str | None]:
    """Columns and their value, as the folders of a path tell them.

    >>> told_columns(Path("teacher=a%2Fb/seed=1/parts"))
    {'teacher': 'a/b', 'seed': '1'}
    """
    pairs = [part.split("=", 1) for part in path.parts if part.find("=") > 0]
    return {unquote(name): None if value == _NULL else unquote(value) for name, value in pairs}
