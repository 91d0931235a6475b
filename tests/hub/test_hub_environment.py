"""As a user runs it: a new process that knows the Hub from environment variables alone."""

import os
import subprocess
import sys

from emulator import TOKEN, HubEmulator

SCRIPT = """
import sys
from datasets import Dataset, load_dataset
from local_naturalness import push_selection
from local_naturalness.selection import select_responses

scored = Dataset.from_dict({
    "prompt": ["p", "p"], "response": ["r", "s"], "local_naturalness": [-2.0, -1.0]
})
print(push_selection(select_responses(scored), "me/curated"))
print(load_dataset("me/curated", split="train")["completion"][:])
print(sorted({"torch", "transformers"} & set(sys.modules)))
"""


def test_push_and_load_in_a_process_of_its_own(tmp_path):
    with HubEmulator() as hub:
        settings = {"HF_ENDPOINT": hub.url, "HF_TOKEN": TOKEN, "HF_HOME": str(tmp_path)}
        settings |= {"HF_HUB_DISABLE_XET": "1", "HF_UPDATE_DOWNLOAD_COUNTS": "0"}
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("HF_")}
        inherited.pop("TRANSFORMERS_OFFLINE", None)
        finished = subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env=inherited | settings,
            capture_output=True,
            text=True,
            check=False,
        )

    assert finished.returncode == 0, finished.stderr
    head = hub.repos["me/curated"].head.oid
    assert finished.stdout.splitlines() == [
        f"{hub.url}/datasets/me/curated/commit/{head}",
        "[[{'role': 'assistant', 'content': 's'}]]",
        "[]",
    ]
