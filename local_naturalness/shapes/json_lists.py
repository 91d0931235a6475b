"""Lists that a table holds as JSON texts, as CSV files do, beside lists of responses."""

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import datasets
from datasets import Dataset

from local_naturalness.encoding.messages import is_message, parsed
from local_naturalness.inputs.json_types import NULL, type_of, united
from local_naturalness.shapes.mapped import kept, mapped
from local_naturalness.shapes.parallel import names_answers
from local_naturalness.shapes.samples import TEXT_TYPES

_ROWS = 100


def with_parsed_lists(dataset: Any, responses: str) -> Any:
    """The dataset with lists instead of JSON texts of lists that run parallel with those of responses.

    Args:
        dataset: `Dataset` or a stream. Streams are left as they are.
        responses: column of lists of responses.

    >>> table = Dataset.from_dict({"generations": [["5.", "6."]], "ok": ["[true, false]"], "note": ["[x]"]})
    >>> with_parsed_lists(table, "generations")[0]
    {'generations': ['5.', '6.'], 'ok': [True, False], 'note': '[x]'}
    """
    if not isinstance(dataset, Dataset):
        return dataset
    texts = [name for name, kind in dataset.features.items() if getattr(kind, "dtype", None) in TEXT_TYPES]
    rows = dataset.with_format(None).select_columns([responses, *texts])
    sizes = [len(value or ()) for value in rows[:_ROWS][responses]]
    names = [name for name in texts if name != responses and _are_lists(name, rows[:_ROWS][name], sizes)]
    types = {name: reduce(united, (type_of(parsed(text)) for text in rows[name]), NULL) for name in names}
    types = {name: kind for name, kind in types.items() if isinstance(kind, datasets.List)}
    if not types:
        return dataset
    features = {**(kept(dataset, ()) or {}), **types}
    return mapped(
        dataset, _parsed, removed=(), features=features, shown="Reading lists", settings={"names": [*types]}
    )


def _are_lists(name: str, texts: Sequence[str | None], sizes: Sequence[int]) -> bool:
    """Whether texts are lists as JSON that are as long as those of responses, or named as verdicts are."""
    pairs = [(parsed(text), size) for text, size in zip(texts, sizes, strict=True) if text]
    if not pairs or not all(isinstance(value, list) for value, _ in pairs):
        return False
    if any(is_message(item) for value, _ in pairs for item in value):
        return False
    return names_answers(name) or all(len(value) == size for value, size in pairs)


def _parsed(rows: Mapping[str, Any], names: Sequence[str]) -> dict[str, list[Any]]:
    return {name: [parsed(text) if text else None for text in rows[name]] for name in names}
