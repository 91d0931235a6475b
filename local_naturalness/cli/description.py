"""A dataset's description, kept in a file beside its Parquet table, because the table holds columns only.

`select_responses` records its settings and counts in the description. `push` writes them into the card.
"""

import json
from pathlib import Path

from datasets import Dataset

from local_naturalness.inputs.folders import OWN_FOLDER
from local_naturalness.store.atomic_files import part_file, settle

_FILE = "description.json"


def keep_description(dataset: Dataset, table: Path) -> None:
    """Save the description of a dataset that was written to a table."""
    folder = table.parent / OWN_FOLDER
    folder.mkdir(exist_ok=True)
    note = {"table": table.name, "bytes": table.stat().st_size, "description": dataset.info.description}
    with part_file(folder) as part:
        part.write_text(json.dumps(note), encoding="utf-8")
        settle(part, folder / _FILE)


def restore_description(dataset: Dataset, table: Path) -> None:
    """Give a dataset the description that was saved for its table, if the table is still the same file."""
    try:
        note = json.loads((table.parent / OWN_FOLDER / _FILE).read_text(encoding="utf-8"))
        is_same = (note["table"], note["bytes"]) == (table.name, table.stat().st_size)
    except (OSError, RecursionError, KeyError, TypeError, ValueError):
        return
    if is_same:
        dataset.info.description = note["description"]
