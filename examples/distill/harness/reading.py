"""Tables of candidates and questions, from wherever they are."""

from collections.abc import Callable, Sequence
from pathlib import Path

from datasets import Dataset, load_dataset, load_from_disk

KINDS = {".jsonl": "json", ".json": "json", ".csv": "csv", ".parquet": "parquet"}


def read_table(source: str, columns: Sequence[str]) -> Dataset:
    """Read a table.

    Args:
        source: A JSON Lines, CSV or Parquet file, a folder of Parquet files or a saved dataset, or a hub
            id, of which the split `train` is read.
        columns: Columns that are needed.

    Raises:
        ValueError: A column is missing.
        FileNotFoundError: A folder without Parquet files.
    """
    path = Path(source)
    if path.is_file() and path.suffix in KINDS:
        table = load_dataset(KINDS[path.suffix], data_files=source, split="train")
    elif (path / "dataset_info.json").exists():
        table = load_from_disk(source)
    elif path.is_dir():
        files = sorted(map(str, path.glob("*.parquet")))
        if not files:
            raise FileNotFoundError(f"{source} holds neither Parquet files nor a saved dataset.")
        table = load_dataset("parquet", data_files=files, split="train")
    else:
        table = load_dataset(source, split="train")
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ValueError(
            f"{source} needs the columns {list(columns)}; missing: {missing}, found: {table.column_names}."
        )
    return table


def trainable(candidates: Dataset, report: Callable[[str], None] = print) -> Dataset:
    """The candidates with a prompt and a response; not even a random selection may train on others."""
    rows = [
        row
        for row, texts in enumerate(zip(candidates["prompt"], candidates["response"], strict=True))
        if all(isinstance(text, str) and text.strip() for text in texts)
    ]
    if len(rows) < len(candidates):
        report(f"{len(candidates) - len(rows)} of {len(candidates)} candidates lack a prompt or a response.")
    return candidates.select(rows)
