"""A second `map` reads its result from the cache, in this and in a new process; other settings do not."""

import subprocess
import sys
from pathlib import Path

import pytest
from datasets import Dataset, load_from_disk
from datasets.fingerprint import Hasher

from local_naturalness import LocalScorer

SCRIPT = Path(__file__).parents[1] / "support" / "map_in_new_process.py"


@pytest.fixture
def saved(tmp_path):
    rows = {"prompt": ["Hi", "And?"], "response": ["So it is.", "Well then."]}
    Dataset.from_dict(rows).save_to_disk(tmp_path / "rows")
    return tmp_path / "rows"


@pytest.fixture
def calls(monkeypatch):
    """Grows by one whenever rows are scored."""
    calls, score = [], LocalScorer.__call__
    monkeypatch.setattr(LocalScorer, "__call__", lambda *arguments: calls.append(1) or score(*arguments))
    return calls


def test_same_settings_hit(saved, calls, student_folder):
    first = load_from_disk(saved).map(LocalScorer(student_folder), batched=True)
    assert len(calls) == 1
    # Where and in which portions it is computed is no setting.
    scorer = LocalScorer(student_folder, max_tokens_per_batch=64, device="cpu", dtype="float32")
    again = load_from_disk(saved).map(scorer, batched=True)
    assert len(calls) == 1
    assert again[:] == first[:]


def test_other_settings_miss(saved, calls, student_folder):
    load_from_disk(saved).map(LocalScorer(student_folder), batched=True)
    load_from_disk(saved).map(LocalScorer(student_folder, window=2), batched=True)
    assert len(calls) == 2


def test_a_new_process_hits(saved, calls, student_folder):
    def in_new_process():
        command = [sys.executable, SCRIPT, student_folder, saved]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()

    scorer = LocalScorer(student_folder)
    there = in_new_process()
    here = load_from_disk(saved).map(scorer, batched=True)
    assert there == [Hasher.hash(scorer), here._fingerprint, "1"]
    assert calls == []
