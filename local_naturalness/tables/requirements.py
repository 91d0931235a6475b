"""What a function needs of a dataset, asked for before anything is read."""

from collections.abc import Mapping

import numpy as np
from datasets import Dataset, DatasetDict

_LARGEST = 1e30
_WITHOUT = {
    "teacher_column": " If all rows are of one teacher, there are none to compare: selection does without "
    "the column; to compare, join these rows with those of other teachers under a column that names them."
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
                f"Name the right one with `{argument}=...`.{_WITHOUT.get(argument, '')}"
            )


def require_dataset(dataset: object, function: str) -> None:
    """Raise a TypeError, with the way out, unless `dataset` is a `Dataset`."""
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
        use: What is to be done with them.
    """
    largest = np.nanmax(np.abs(values), initial=0.0)
    if largest > _LARGEST:
        raise ValueError(
            f"Numbers up to {_LARGEST:g} can be {use}, but {name!r} holds {largest:g}: divide it by a "
            "constant first, or leave such rows out with `where`."
        )
