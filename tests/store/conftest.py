import json

import pytest

from local_naturalness.embedded import candidates_path
from local_naturalness.scorers.scorer import Scorer


@pytest.fixture(scope="session")
def rows():
    """Twenty candidates, one of them twice, and a row without a response."""
    with open(candidates_path(), encoding="utf-8") as lines:
        rows = [json.loads(next(lines)) for _ in range(20)]
    return [*rows, rows[4], rows[0] | {"response": None}]


@pytest.fixture
def computed(monkeypatch):
    """Number of rows of every time that something is scored in this process."""
    counts = []
    score = Scorer._score

    def counted(scorer, examples, rank):
        counts.append(len(examples))
        return score(scorer, examples, rank)

    monkeypatch.setattr(Scorer, "_score", counted)
    return counts
