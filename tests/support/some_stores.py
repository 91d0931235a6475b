"""Stores of a scorer that only counts characters."""

import pyarrow as pa

from local_naturalness.encoding.examples import Example
from local_naturalness.store import ScoreStore

TYPES = {"score": pa.float64(), "steps": pa.list_(pa.float64()), "spans": pa.list_(pa.list_(pa.int32()))}
SPEC = "student=me/tiny@0123; scorer=local; id=01234567"


def store(folder, **changes):
    return ScoreStore(**{"folder": folder, "spec": SPEC, "types": TYPES} | changes)


def examples(*responses):
    return [Example("prompt", response) for response in responses]


def row(example, factor=1.0):
    if example.response is None:
        return {"status": "missing_response"}
    length = len(example.response) * factor
    return {"status": "ok", "score": length, "steps": [length, None], "spans": [[0, 1]], "not_kept": 1}


def whole(row):
    """A row as it comes out of a store."""
    return {"status": row["status"]} | {name: row.get(name) for name in TYPES}


class Compute:
    """Scores examples and remembers which."""

    def __init__(self, factor=1.0):
        self.calls = []
        self.factor = factor

    def __call__(self, examples):
        self.calls.append([example.response for example in examples])
        return [row(example, self.factor) for example in examples]
