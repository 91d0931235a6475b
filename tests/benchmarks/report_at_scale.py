"""A report of millions of rows: seconds, peak memory beyond the mapped file, and the size of the page.

    python tests/benchmarks/report_at_scale.py --rows 10000000

Makes a table with step scores in a temporary folder (about 5 GB for 10 million rows); removes it at the end.
"""

import argparse
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from datasets import Dataset, disable_progress_bars

from local_naturalness.benchmark.peak import anonymous_gigabytes
from local_naturalness.report import write_report

TEACHERS = ["teacher-a", "teacher-b", "teacher-c", "teacher-d"]
STEP = "word and another. "
STEPS, ROWS_PER_CHUNK = 12, 10_000


def write_table(path: Path, num_rows: int) -> None:
    """Four rows per prompt, each of twelve steps."""
    generator = np.random.default_rng(0)
    spans = [[len(STEP) * i, len(STEP) * (i + 1)] for i in range(STEPS)]
    writer = None
    for start in range(0, num_rows, ROWS_PER_CHUNK):
        rows = np.arange(start, min(start + ROWS_PER_CHUNK, num_rows))
        scores = generator.normal(-1, 0.3, (len(rows), STEPS)).astype(np.float32)
        table = pa.table(
            {
                "prompt": [f"Question {row // 4}: how many apples are left in the basket?" for row in rows],
                "teacher": [TEACHERS[row % 4] for row in rows],
                "response": [STEP * STEPS] * len(rows),
                "local_naturalness": scores.mean(axis=1).astype(float),
                "local_naturalness_status": ["ok"] * len(rows),
                "global_naturalness": generator.normal(-1, 0.3, len(rows)),
                "num_tokens": generator.integers(30, 60, len(rows)),
                "step_scores": pa.FixedSizeListArray.from_arrays(scores.ravel(), STEPS).cast(
                    pa.list_(pa.float32())
                ),
                "step_spans": pa.array([spans] * len(rows), pa.list_(pa.list_(pa.int32()))),
            }
        )
        writer = writer or pa.ipc.new_stream(path, table.schema)
        writer.write_table(table)
    writer.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    arguments = parser.parse_args()
    disable_progress_bars()
    with tempfile.TemporaryDirectory() as folder:
        table, page = Path(folder) / "scored.arrow", Path(folder) / "report.html"
        write_table(table, arguments.rows)
        dataset = Dataset.from_file(str(table))
        before = anonymous_gigabytes()
        peak, done = [before], threading.Event()

        def watch() -> None:
            while not done.wait(0.02):
                peak[0] = max(peak[0], anonymous_gigabytes())

        watcher = threading.Thread(target=watch)
        watcher.start()
        start, used = time.perf_counter(), time.process_time()
        write_report(dataset, page)
        seconds, used = time.perf_counter() - start, time.process_time() - used
        done.set()
        watcher.join()
        print(
            f"{arguments.rows} rows ({table.stat().st_size / 1e9:.1f} GB): {seconds:.1f} s, {used:.1f} s of "
            f"processor, +{peak[0] - before:.2f} GB, page {page.stat().st_size / 1e6:.2f} MB"
        )


if __name__ == "__main__":
    main()
