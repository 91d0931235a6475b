"""JSON and JSON Lines files, read so that no value changes.

`datasets` judges types by the first ten megabytes and refuses other values after them, takes texts such as
`2024-05-13` for dates and, where a column mixes types, texts such as `5.` for numbers. Here, types are those
of all rows, and a text stays a text.
"""

import codecs
import json
import logging
import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast
from urllib.parse import quote

from datasets import Dataset, Features, NamedSplit
from datasets.arrow_writer import ArrowWriter
from datasets.utils import tqdm

from local_naturalness.inputs.compression import opened
from local_naturalness.inputs.differing_columns import missing_columns
from local_naturalness.inputs.json_objects import WrongObject, one_object, rows_in_object
from local_naturalness.inputs.json_text import loads
from local_naturalness.inputs.json_types import NULL, Row, as_table, type_of, united

logger = logging.getLogger(__name__)

_ROWS_AT_ONCE = 1_000
# To be raised when tables that were written before are no longer what would be written now.
_VERSION = 2


def read_json_files(files: Sequence[Path], folder: Path, split: str | None) -> Dataset:
    """Read JSON files as one table, which is kept in a folder for the next time.

    Args:
        files: in the order of their rows.
        folder: in the cache, for these files in their present state.
        split: which list to read of files that are one object around several.

    Raises:
        ValueError: a file is no table.
        Exception: whatever parsing raises. The causes are looked for elsewhere.
    """
    name = f"rows-{_VERSION}-{quote(split or '', safe='')}"
    table, notes = folder / f"{name}.arrow", folder / f"{name}.json"
    if not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        features, told = _types(files, split)
        if not features:
            raise WrongObject(f"{str(files[0])!r} holds no rows.")
        with _replacing(notes) as copy:
            copy.write(json.dumps(told).encode())
        with _replacing(table) as copy, ArrowWriter(stream=copy, features=features) as writer:
            for file in files:
                for rows in _batches(_rows_of(file, split)[0]):
                    writer.write_table(as_table(rows, features))
            writer.finalize()
    for message in json.loads(notes.read_bytes()):
        logger.warning("%s", message)
    is_name = split is not None and re.fullmatch(r"\w+", split)
    return Dataset.from_file(str(table), split=NamedSplit(str(split) if is_name else "train"))


@contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes its place when it is whole. Another process may have been quicker, with the same."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as copy:
        yield cast(BinaryIO, copy)
    os.replace(copy.name, path)


def _types(files: Sequence[Path], split: str | None) -> tuple[Features, list[str]]:
    """Types of the columns of all files, and what to tell of how they are read."""
    found: dict[str, Any] = {}
    columns, told = [], []
    for file in files:
        rows, note = _rows_of(file, split)
        there: dict[str, None] = {}
        for row in tqdm(rows, desc=f"Reading {file.name}", unit=" rows"):
            for name, value in row.items():
                there[name] = None
                found[name] = united(found.get(name, NULL), type_of(value))
        columns.append(list(there))
        told += [note] if note else []
    features = Features(found)  # type: ignore[arg-type] # a dict; its `*args` are not annotated
    return features, [*told, *missing_columns(files, columns)]


def _rows_of(path: Path, split: str | None) -> tuple[Iterable[Row], str | None]:
    """The rows of a JSON file, and a note where it is one object around them.

    Raises:
        ValueError: the file holds something else than objects, or has no such split.
    """
    value = one_object(path)
    found = None if value is None else rows_in_object(value, path, split)
    if found is not None:
        return found
    if split not in (None, "train"):
        raise WrongObject(f"{str(path)!r} is one table without a split {split!r}: leave out --split.")
    return [value] if value is not None else _lines_or_items(path), None


def _lines_or_items(path: Path) -> Iterator[Row]:
    with opened(path) as file:
        is_list = file.read(200).lstrip(codecs.BOM_UTF8 + b" \t\r\n").startswith(b"[")
    with opened(path) as file:
        rows = loads(file.read()) if is_list else (loads(line) for line in file if line.strip())
        for row in rows:
            yield _checked(row, path)


def _checked(row: Any, path: Path) -> Row:
    if isinstance(row, dict):
        return row
    raise WrongObject(
        f"{str(path)!r} holds other values than objects, such as {json.dumps(row)[:60]}: write each row as "
        'an object, {"prompt": ..., "response": ...}.'
    )


def _batches(rows: Iterable[Row]) -> Iterator[list[Row]]:
    batch = []
    for row in rows:
        batch.append(row)
        if len(batch) == _ROWS_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch
