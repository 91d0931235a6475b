"""A user's file type-checks without casts: what is given to the package comes back with its type."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="mypy, which is in the extra `dev`, checks the types")

ROOT = Path(__file__).parent.parent
GOOD = """
from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict
from local_naturalness import LocalScorer, compare_criteria, rank_teachers, select_responses


def of_a_table(ds: Dataset) -> None:
    select_responses(ds).to_parquet("best.parquet")
    selected, rejected = select_responses(ds, k=2, return_rejected=True)
    rejected.to_parquet("rejected.parquet")
    reveal_type(select_responses(ds))
    reveal_type(selected)
    reveal_type(ds.map(LocalScorer("student"), batched=True))
    reveal_type(rank_teachers(ds).best)
    reveal_type(compare_criteria(ds).to_pandas())


def of_splits(ds: DatasetDict) -> None:
    select_responses(ds)["train"].to_parquet("best.parquet")
    reveal_type(select_responses(ds, return_rejected=False))


def of_streams(stream: IterableDataset, splits: IterableDatasetDict, rejects: bool) -> None:
    reveal_type(select_responses(stream))
    reveal_type(select_responses(splits, return_rejected=True))
    reveal_type(select_responses(stream, return_rejected=rejects))
"""
TYPES = [
    "Dataset",
    "Dataset",
    "Dataset",
    "str | None",
    "DataFrame",
    "DatasetDict",
    "IterableDataset",
    "tuple[IterableDatasetDict, IterableDatasetDict]",
    "IterableDataset | tuple[IterableDataset, IterableDataset]",
]
WRONG = """
def wrong(ds: Dataset, stream: IterableDataset) -> None:
    select_responses(ds, return_rejected=True).to_parquet("best.parquet")
    select_responses(stream).train_test_split()
    select_responses([1, 2])
    rank_teachers(ds).worst
"""


def test_a_users_file_type_checks_and_mistakes_are_found(tmp_path):
    """One run of mypy for both, since reading the libraries takes most of its time."""
    file = tmp_path / "user.py"
    file.write_text(GOOD + WRONG)
    words = ["--config-file", str(ROOT / "pyproject.toml"), "--cache-dir", str(tmp_path / "cache")]
    # The package is not checked again: `make lint` does.
    run = subprocess.run(
        [sys.executable, "-m", "mypy", *words, "--follow-imports", "silent", str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    found = re.findall(r"Revealed type is \"(.*)\"", run.stdout)
    assert [re.sub(r"[\w.]+\.", "", name) for name in found] == TYPES, run.stdout + run.stderr
    in_file = re.findall(r"user\.py:(\d+): error: .*\[(.*)\]", run.stdout)
    first = GOOD.count("\n") + 3
    assert in_file == [
        (str(first), "union-attr" if False else "attr-defined"),
        (str(first + 1), "attr-defined"),
        (str(first + 2), "type-var"),
        (str(first + 3), "attr-defined"),
    ], run.stdout
