import json

import pytest
import torch
from datasets import disable_progress_bars

from local_naturalness.embedded import candidates_path
from local_naturalness.scorers.scorer import Scorer


@pytest.fixture(scope="session", autouse=True)
def small_and_quiet():
    disable_progress_bars()
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


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
