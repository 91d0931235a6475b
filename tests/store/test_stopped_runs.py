"""A run that is stopped ends with all its workers, and says in two lines what is kept and how to go on."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

GO_ON = "To continue, run the same command again."


@pytest.mark.slow  # six runs with workers
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="other systems have no signal at a parent's death")
def test_all_processes_end_and_two_lines_are_said(tmp_path):
    script = Path(__file__).with_name("stopped_runs.py")
    support = os.environ | {"PYTHONPATH": str(script.parent.parent / "support")}
    ended = subprocess.run([sys.executable, script, tmp_path], env=support, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stderr
    runs = {run.pop("way"): run for run in json.loads(ended.stdout)}
    codes = {"first worker": 2, "second worker": 2, "queue": 2, "SIGTERM": 143, "SIGINT": 130, "SIGKILL": -9}
    assert {way: run["code"] for way, run in runs.items()} == codes
    for way, run in runs.items():
        assert run["processes"] == 3 and run["alive"] == 0, way  # two workers, and what they talk through
        if way != "SIGKILL":
            said, then = run["told"]
            number = re.search(r"(\d+) of 40 rows are scored and kept in", said)
            assert 0 <= run["finished"] - int(number[1]) <= 2, (
                way
            )  # workers may finish what is in their hands
            assert then == GO_ON
    for way in ("first worker", "second worker", "queue"):
        assert runs[way]["told"][0].startswith("A worker process was killed")
    assert runs["SIGTERM"]["told"][0].startswith("Stopped by SIGTERM. ")
    assert runs["SIGINT"]["told"][0].startswith("Stopped. ")
