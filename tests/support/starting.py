"""Scripts as a user starts them: in a process of their own, offline, with empty caches."""

import os
import subprocess
import sys
from pathlib import Path


def start_script(script: Path, *options: object, folder: Path) -> str:
    """What a script prints that is started in a folder; it must end well."""
    finished = subprocess.run(
        [sys.executable, script, *options],
        env=os.environ | {"HF_HOME": str(folder / "caches"), "HF_HUB_OFFLINE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    return finished.stdout
