"""Selection and teacher ranking over millions of rows: seconds, and memory beyond the mapped file.

    python tests/benchmarks/selection_at_scale.py --rows 10000000

Makes a table of its own in a temporary folder (about 6 GB for 10 million rows), with long
responses, a bool column and a spec column; removes it at the end. Selection is compared with a bare
pandas `groupby().idxmax()` over the same columns in the same run.
"""

import argparse
import resource
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from datasets import Dataset, disable_progress_bars

from local_naturalness.benchmark.peak import anonymous_gigabytes
from local_naturalness.selection import select_responses
from local_naturalness.teachers import rank_teachers

TEACHERS = ["teacher-a", "teacher-b", "teacher-c", "teacher-d"]
SPEC = "student=Qwen/Qwen2.5-7B@d149729398; scorer=local; window=4; splitter=sentence/1"
ROWS_PER_CHUNK = 1000


def write_table(path: Path, num_rows: int, num_characters: int) -> None:
    """Four rows per prompt, one after another, as a scorer's `map` leaves them."""
    generator = np.random.default_rng(0)
    body = "word " * (num_characters // 5)
    writer = None
    for start in range(0, num_rows, ROWS_PER_CHUNK):
        rows = np.arange(start, min(start + ROWS_PER_CHUNK, num_rows))
        table = pa.table(
            {
                "prompt": [f"Question {row // 4}: how many apples are left in the basket?" for row in rows],
                "teacher": [TEACHERS[row % 4] for row in rows],
                "response": [f"{row} {body}" for row in rows],
                "local_naturalness": generator.normal(-1, 0.3, len(rows)) + 0.001 * (rows % 4),
                "local_naturalness_spec": [SPEC] * len(rows),
                "correct": generator.random(len(rows)) < 0.9,
            }
        )
        writer = writer or pa.ipc.new_stream(path, table.schema)
        writer.write_table(table)
    writer.close()


def measured(label: str, action: Callable[[], Any]) -> float:
    """Print and return the seconds an action takes, with its peak of anonymous memory."""
    before = anonymous_gigabytes()
    peak, done = [before], threading.Event()

    def watch() -> None:
        while not done.wait(0.02):
            peak[0] = max(peak[0], anonymous_gigabytes())

    watcher = threading.Thread(target=watch)
    watcher.start()
    cpu = resource.getrusage(resource.RUSAGE_SELF)
    start = time.perf_counter()
    action()
    seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_SELF)
    done.set()
    watcher.join()
    cpu_seconds = used.ru_utime + used.ru_stime - cpu.ru_utime - cpu.ru_stime
    print(
        f"{label:58} {seconds:7.1f} s  {cpu_seconds:7.1f} s of processor  +{peak[0] - before:.2f} GB",
        flush=True,
    )
    return seconds


def read_through(path: Path) -> None:
    """Bring a file into the page cache."""
    with path.open("rb") as file:
        while file.read(2**24):
            pass


def bare_pandas(dataset: Dataset) -> pd.Series:
    """The shortest way to the same rows: no columns added, no reasons, no dataset."""
    table = dataset.data.table.select(["prompt", "local_naturalness", "correct"])
    frame = table.to_pandas()
    frame = frame[frame["correct"]]
    return frame.groupby("prompt", sort=False)["local_naturalness"].idxmax()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--characters", type=int, default=400, help="of each response")
    parser.add_argument("--bootstrap", type=int, default=1000)
    arguments = parser.parse_args()
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "scored.arrow"
        write_table(path, arguments.rows, arguments.characters)
        print(f"{arguments.rows} rows, {path.stat().st_size / 1e9:.1f} GB mapped")
        dataset = Dataset.from_file(str(path))
        # Read once, so that no action pays for the disk.
        measured("read all bytes", lambda: read_through(path))
        # First, so that memory others have kept for reuse does not hide what it needs.
        ours = measured(
            'select_responses(where="correct")', lambda: select_responses(dataset, where="correct")
        )
        plain = measured("bare pandas groupby idxmax", lambda: bare_pandas(dataset))
        print(f"ratio to bare pandas: {ours / plain:.2f}")
        shuffled = dataset.shuffle(seed=0)
        measured(
            'shuffled: select_responses(where="correct")',
            lambda: select_responses(shuffled, where="correct"),
        )
        measured(
            'select_responses(k=2, weights="chi2")',
            lambda: select_responses(dataset, k=2, weights="chi2"),
        )
        measured('select_responses(by="random")', lambda: select_responses(dataset, by="random"))
        measured(
            f"rank_teachers(num_bootstrap={arguments.bootstrap})",
            lambda: rank_teachers(dataset, num_bootstrap=arguments.bootstrap),
        )


if __name__ == "__main__":
    main()
