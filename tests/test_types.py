"""A user's file type-checks without casts: what is given to the package comes back with its type."""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="needs mypy, which comes with the extra `dev`")

ROOT = Path(__file__).parent.parent
# A user's settings: `datasets` says nowhere that it has types. The libraries below do not reach the user.
SETTINGS = """
[mypy]
strict = true
[mypy-datasets.*]
follow_untyped_imports = true
implicit_reexport = true
[mypy-torch.*,transformers.*,polars.*,huggingface_hub.*,fsspec.*,aiohttp.*,matplotlib.*,ray.*,jinja2.*]
follow_imports = skip
[mypy-local_naturalness.*]
follow_imports = silent
"""
GOOD = """
from datasets import Dataset, DatasetDict, IterableDataset, IterableDatasetDict
from local_naturalness import GlobalScorer, LocalScorer, compare_criteria, rank_teachers, select_responses


def of_a_table(ds: Dataset) -> None:
    scored: Dataset = ds.map(LocalScorer("student"), batched=True).map(GlobalScorer("student"))
    select_responses(scored).to_parquet("best.parquet")
    selected, rejected = select_responses(ds, k=2, return_rejected=True)
    rejected.to_parquet("rejected.parquet")
    reveal_type(select_responses(ds))
    reveal_type(selected)
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
    "str",
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
CODES = ["attr-defined", "attr-defined", "call-overload", "attr-defined"]


def test_a_users_file_type_checks_and_mistakes_are_found(tmp_path):
    """One run of mypy for both, since reading the libraries takes nearly all of its time."""
    file, settings = tmp_path / "user.py", tmp_path / "mypy.ini"
    file.write_text(GOOD + WRONG)
    settings.write_text(SETTINGS)
    # Kept from run to run: what mypy knows about the libraries.
    cache = Path(tempfile.gettempdir(), "local_naturalness_mypy")
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", settings, "--cache-dir", cache, file],
        capture_output=True,
        text=True,
        cwd=ROOT,
    )
    revealed = re.findall(r'Revealed type is "(.*)"', run.stdout)
    assert [re.sub(r"\w+\.", "", name) for name in revealed] == TYPES, run.stdout + run.stderr
    first = (GOOD + WRONG).splitlines().index("def wrong(ds: Dataset, stream: IterableDataset) -> None:") + 2
    errors = re.findall(r"(\d+): error: .*\[(.*)\]", run.stdout)
    assert errors == [(str(first + place), code) for place, code in enumerate(CODES)], run.stdout
