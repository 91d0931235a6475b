"""Checks of what a function needs, before anything is read."""

import difflib
import re
from collections.abc import Mapping, Sequence

import numpy as np
from datasets import Dataset, DatasetDict

from local_naturalness.inputs.column_names import names_teacher, renamed

_LARGEST = 1e30
# In the name of a column that tells which responses are right.
_VERDICT = re.compile("correct|right|verif|valid|pass|solved|success|accura|judg|verdict", re.IGNORECASE)
_WITHOUT = {
    "teacher_column": " If all rows come from one teacher, there is nothing to compare: `select_responses` "
    "works without the column. To compare teachers, concatenate their tables, with a column that names the "
    "teacher. If each teacher has its own files, put them into folders such as `teacher=NAME/0.jsonl` and "
    "score the folder above: this adds the column. Scores that are in the output folder are kept."
}


def require_columns(columns: list[str], needed: Mapping[str, str]) -> None:
    """Raise a ValueError that names what is missing.

    Args:
        columns: What the dataset has.
        needed: Argument name -> column that it points to.
    """
    for argument, column in needed.items():
        if column not in columns:
            raise ValueError(
                f"Column {column!r} is needed but not there; found: {columns}. "
                f"{nearest_columns(column, columns)}Name the right one with `{argument}=...`."
                f"{_WITHOUT.get(argument, '')}{_unconverted(column, columns)}"
            )


def _unconverted(missing: str, columns: Sequence[str]) -> str:
    """What to do if a scorer may have read the missing column under another name."""
    if missing not in ("prompt", "response") or not (others := renamed(columns, [missing])):
        return ""
    (other,) = others
    return (
        f" Scorers read {other!r} as {missing!r}. To give the column this name, convert the dataset with "
        "`to_rows` of `local_naturalness.shapes` first."
    )


def nearest_columns(missing: str, columns: Sequence[str]) -> str:
    """A sentence on the columns that may have been meant, with a space behind it; empty if none may.

    Args:
        missing: What was asked for.
        columns: What is there.

    >>> nearest_columns("is_correct", ["prompt", "math_verify", "passed"])
    "These look like verdicts: 'math_verify', 'passed'. "
    >>> nearest_columns("num_tokns", ["prompt", "num_tokens"]), nearest_columns("teacher", ["prompt"])
    ("Did you mean 'num_tokens'? ", '')
    >>> nearest_columns("teacher", ["prompt", "source_model"])
    "These may name the teachers: 'source_model'. "
    """
    if missing == "teacher" and (alike := list(filter(names_teacher, columns))):
        return f"These may name the teachers: {', '.join(map(repr, alike))}. "
    if near := difflib.get_close_matches(missing, columns, n=1):
        return f"Did you mean {near[0]!r}? "
    if _VERDICT.search(missing) and (alike := [name for name in columns if _VERDICT.search(name)]):
        return f"These look like verdicts: {', '.join(map(repr, alike))}. "
    return ""


def require_dataset(dataset: object, function: str) -> None:
    """Raise a TypeError that says what to do, unless `dataset` is a `Dataset`."""
    if isinstance(dataset, DatasetDict):
        raise TypeError(
            f"`{function}` needs one Dataset, got a DatasetDict with splits {list(dataset)}: "
            f"pass `dataset[{next(iter(dataset), None)!r}]`, or join the splits with "
            "`datasets.concatenate_datasets`."
        )
    if not isinstance(dataset, Dataset):
        raise TypeError(
            f"`{function}` needs a Dataset, got {type(dataset).__name__}. Load it without "
            "`streaming=True`; for a table use `Dataset.from_pandas`."
        )


def require_moderate(values: np.ndarray, name: str, use: str) -> None:
    """Raise a ValueError if numbers are so large that their sums or squares would overflow.

    Args:
        values: NaN where there is none.
        name: What they are, for the message.
        use: What they are used for, for the message.
    """
    largest = np.nanmax(np.abs(values), initial=0.0)
    if largest > _LARGEST:
        raise ValueError(
            f"Numbers up to {_LARGEST:g} can be {use}, but {name!r} holds {largest:g}: divide it by a "
            "constant first, or leave such rows out with `where`."
        )
