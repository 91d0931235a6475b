"""`map` with worker processes, forked and spawned, gives what a call in this process gives."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from map_in_workers import ROWS

from local_naturalness import GlobalScorer, LocalScorer

SCRIPT = Path(__file__).parents[1] / "support" / "map_in_workers.py"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
HANGS = 900  # seconds; a deadlocked worker would wait for ever


@pytest.fixture(scope="module")
def hub_cache(student_folder, tmp_path_factory):
    """A cache as the Hub's client leaves it, for `org/tiny` at one commit."""
    cache = tmp_path_factory.mktemp("hub")
    repository = cache / "models--org--tiny"
    shutil.copytree(student_folder, repository / "snapshots" / COMMIT)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    return cache


@pytest.fixture(scope="module", params=["fork", "spawn"])
def found(request, student_folder, hub_cache, tmp_path_factory):
    offline = {"HF_HUB_CACHE": str(hub_cache), "HF_HUB_OFFLINE": "1"}
    cache = {"HF_DATASETS_CACHE": str(tmp_path_factory.mktemp("datasets"))}
    command = [sys.executable, SCRIPT, request.param, student_folder, "org/tiny"]
    done = subprocess.run(
        command, env=os.environ | offline | cache, capture_output=True, text=True, timeout=HANGS
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def local_scores(student_folder):
    return LocalScorer(student_folder)(ROWS)


@pytest.mark.parametrize("student", ["folder", "loaded"])
def test_local_scores(found, local_scores, student):
    scores, specs = found[student]
    assert scores == pytest.approx(local_scores["local_naturalness"], abs=1e-5)
    assert len(set(specs)) == 1
    assert student == "loaded" or specs == local_scores["local_naturalness_spec"]


def test_a_loaded_model_is_left_in_training(found):
    assert found["unchanged"]


def test_global_scores_of_a_hub_id(found, student_folder):
    scores, specs = found["hub"]
    assert scores == pytest.approx(GlobalScorer(student_folder)(ROWS)["global_naturalness"], abs=1e-5)
    assert all(spec.startswith(f"student=org/tiny@{COMMIT[:12]}; scorer=global;") for spec in specs)
