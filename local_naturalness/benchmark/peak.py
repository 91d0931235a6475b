"""Memory that is in use, and the most that was while something ran."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import torch

_SECONDS_BETWEEN_LOOKS = 0.005


class Peak:
    """Bytes above what was in use before; filled in when the watch ends."""

    bytes: int = 0


@contextmanager
def watch_memory(device: torch.device) -> Iterator[Peak]:
    """Watch the memory that tensors take on a GPU, or that the process has on a CPU.

    >>> import torch
    >>> with watch_memory(torch.device("cpu")) as peak:
    ...     ones = torch.ones(100_000_000)  # 400 MB; what is small may find a place in memory freed before
    >>> 390e6 < peak.bytes < 600e6
    True
    """
    peak = Peak()
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        yield peak
        peak.bytes = torch.cuda.max_memory_allocated(device) - before
        return
    process, done = psutil.Process(), threading.Event()
    before = process.memory_info().rss

    def look() -> None:
        while not done.wait(_SECONDS_BETWEEN_LOOKS):
            peak.bytes = max(peak.bytes, process.memory_info().rss - before)

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    try:
        yield peak
    finally:
        done.set()
        watcher.join()
        peak.bytes = max(peak.bytes, process.memory_info().rss - before)


def anonymous_gigabytes() -> float:
    """Memory of this process that is not backed by a file, so without tables that are mapped; Linux only."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1]) / 1e6
    raise RuntimeError("This kernel does not report RssAnon.")
