"""Reads the tables that commands work on.

Scripts outside of this package import `read_table` from here: the module keeps its name.
"""

from pathlib import Path

from datasets import Dataset

from local_naturalness import inputs
from local_naturalness.cli.description import restore_description
from local_naturalness.inputs.files import TEXT_COLUMNS


def read_table(source: str, split: str | None = None, texts: tuple[str, ...] = TEXT_COLUMNS) -> Dataset:
    """Read a table with `inputs.read_table`, and the description that an earlier command saved beside it."""
    dataset = inputs.read_table(source, split, texts)
    path = Path(source)
    tables = [path] if path.is_file() else list(path.glob("*.parquet")) if path.is_dir() else []
    if len(tables) == 1:
        restore_description(dataset, tables[0])
    return dataset
