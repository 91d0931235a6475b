import json

import pytest
from emulated_hub import hub, waits

from local_naturalness.cli import main
from local_naturalness.embedded import student_path

__all__ = ["hub", "waits"]

ROWS = [
    {
        "prompt": "What is 2 + 3?",
        "teacher": "long",
        "response": "We add. 2 + 3 = 5. The answer is 5.",
        "ok": True,
    },
    {"prompt": "What is 2 + 3?", "teacher": "short", "response": "5.", "ok": False},
    {"prompt": "What is 4 + 4?", "teacher": "long", "response": "4 + 4 = 8. The answer is 8.", "ok": True},
    {"prompt": "What is 4 + 4?", "teacher": "short", "response": None, "ok": True},
]


@pytest.fixture(scope="session")
def candidates(tmp_path_factory):
    path = tmp_path_factory.mktemp("candidates") / "candidates.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return path


@pytest.fixture(scope="session")
def scored(candidates, tmp_path_factory):
    folder = tmp_path_factory.mktemp("scored")
    assert main(["score", str(candidates), "--student", student_path(), "--output", str(folder)]) == 0
    return folder
