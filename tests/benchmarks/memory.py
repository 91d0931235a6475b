"""What a process takes of memory, for the scripts beside this file."""

from pathlib import Path


def anonymous_gigabytes() -> float:
    """Memory that is not backed by a file, so without the mapped table."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1e6
    raise RuntimeError("This kernel does not report RssAnon.")
