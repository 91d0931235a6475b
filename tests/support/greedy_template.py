"""A prompt template that takes a lot of memory in the first actor that calls it.

The file that GREEDY_ONCE names tells which processes have called it.
"""

import os
import time
from pathlib import Path

GIGABYTES = 3
_MEGABYTES_AT_ONCE = 100
_SECONDS_UNTIL_KILLED = 60


def greedy(prompt: str) -> str:
    """The prompt as it is."""
    import ray

    if ray.is_initialized() and ray.get_runtime_context().get_actor_id():
        note = Path(os.environ["GREEDY_ONCE"])
        known = note.read_text().split() if note.exists() else []
        if str(os.getpid()) not in known:
            note.write_text(" ".join([*known, str(os.getpid())]))
        if not known:
            taken = []
            for _ in range(GIGABYTES * 1024 // _MEGABYTES_AT_ONCE):
                taken.append(b"x" * (_MEGABYTES_AT_ONCE << 20))
                time.sleep(0.05)
            time.sleep(_SECONDS_UNTIL_KILLED)
    return f"{prompt}\n"
