"""What a selection did, kept with the dataset so that a card can tell it later."""

import json
from typing import Any

from datasets import Dataset, IterableDataset

_MARK = "local_naturalness selection: "


def write_record(dataset: Dataset | IterableDataset, record: dict[str, Any]) -> None:
    """Keep a record in `dataset.info.description`, as one line of JSON after what stands there.

    The description survives `select`, `map` and `save_to_disk`, not Parquet. A record already there
    becomes the `"previous"` of the new one, so that selections in sequence leave their whole trail.

    Args:
        dataset: Changed in place.
        record: Anything JSON can hold.

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
    line = _MARK + json.dumps(record, ensure_ascii=True, separators=(",", ":"))
    dataset.info.description = f"{text}\n\n{line}" if text else line


def read_record(dataset: Dataset | IterableDataset) -> dict[str, Any] | None:
    """The record of the last selection, or `None` when there is none."""
    for line in (dataset.info.description or "").split("\n"):
        if line.startswith(_MARK):
            return json.loads(line.removeprefix(_MARK))
    return None
