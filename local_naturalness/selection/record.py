"""The record of a selection, kept with the dataset and written into its card later."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
from datasets import Dataset, IterableDataset

from local_naturalness.criteria import ResolvedCriterion
from local_naturalness.tables import Columns

_MARK = "local_naturalness selection: "
_NO_STATUS = "no status"


def count_unscored(
    columns: Columns, criteria: Iterable[ResolvedCriterion], among: np.ndarray | None = None
) -> dict[str, dict[str, int]]:
    """Why candidates have no score, according to the scorers' status columns.

    Args:
        columns: All candidates.
        criteria: The criteria of the selection.
        among: One flag per row: which rows to count; `None` for all.

    Returns:
        Status column -> status -> number of rows in which a number that the criteria need is null, NaN or
        infinite, the most frequent first. Criteria without a status column are left out.

    Example:

    >>> import pyarrow as pa
    >>> from local_naturalness.criteria import resolve_criterion
    >>> table = pa.table({
    ...     "local_naturalness": [-0.5, None, None],
    ...     "local_naturalness_status": ["ok", "missing_response", "missing_response"],
    ... })
    >>> columns = Columns(table)
    >>> count_unscored(columns, [resolve_criterion("local_naturalness", columns.names)])
    {'local_naturalness_status': {'missing_response': 2}}
    """
    unscored: dict[str, np.ndarray] = {}
    for criterion in criteria:
        column = criterion.status_column
        if column is not None and column in columns.names:
            lacking = [~np.isfinite(columns.numbers(name)) for name in criterion.inputs]
            unscored[column] = np.any([*lacking, unscored.get(column, lacking[0])], axis=0)
    return {
        column: _counted(columns, column, rows if among is None else rows & among)
        for column, rows in unscored.items()
    }


def _counted(columns: Columns, column: str, rows: np.ndarray) -> dict[str, int]:
    codes, labels = columns.labels(column)
    numbers = np.bincount(codes[rows] + 1, minlength=len(labels) + 1)
    named = zip([_NO_STATUS, *labels], numbers.tolist(), strict=True)
    return dict(sorted(((name, number) for name, number in named if number), key=lambda pair: -pair[1]))


def write_record(dataset: Dataset | IterableDataset, record: dict[str, Any]) -> None:
    """Write a record into `dataset.info.description`, as one line of JSON at the end.

    The description survives `select`, `map` and `save_to_disk`, not Parquet. A record already there
    becomes the `"previous"` of the new one, so that selections in sequence leave their whole trail.

    Args:
        dataset: Changed in place.
        record: Anything JSON can hold, and numbers of NumPy.

    Example:

    >>> from datasets import Dataset
    >>> dataset = Dataset.from_dict({"prompt": ["1 + 1 ="]})
    >>> write_record(dataset, {"by": "local_naturalness"})
    >>> read_record(dataset)
    {'by': 'local_naturalness'}
    """
    previous = read_record(dataset)
    if previous is not None:
        record = {**record, "previous": previous}
    lines = [line for line in (dataset.info.description or "").split("\n") if not line.startswith(_MARK)]
    text = "\n".join(lines).rstrip("\n")
    line = _MARK + json.dumps(record, ensure_ascii=True, separators=(",", ":"), default=np.generic.item)
    dataset.info.description = f"{text}\n\n{line}" if text else line


def read_record(dataset: Dataset | IterableDataset) -> dict[str, Any] | None:
    """Return the record of the last selection, or `None` if there is none."""
    return record_in(dataset.info.description)


def record_in(description: str | None) -> dict[str, Any] | None:
    """The first record in the description of a dataset, or `None` if there is none."""
    for line in (description or "").split("\n"):
        if line.startswith(_MARK):
            return json.loads(line.removeprefix(_MARK))
    return None
