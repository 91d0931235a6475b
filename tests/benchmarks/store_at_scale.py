"""What a score store costs when many processes write to it, and when it holds many rows.

    python tests/benchmarks/store_at_scale.py --rows 200000 --writers 1 4 16
    python tests/benchmarks/store_at_scale.py --rows 1000000 --writers 16

There is no model: a row's scores are numbers made of its text, so that only the store is measured. Writers
are processes that take tasks of 64 rows in turn, as actors of a cluster do. Then one process reads rows,
in the order of the table and in random order, as the writing of the table does.
"""

import argparse
import resource
import shutil
import tempfile
import time
from collections import Counter
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from local_naturalness.encoding.examples import Example
from local_naturalness.store import ScoreStore, shard_log

ROWS_OF_A_TASK = 64
READ = 50_000  # rows
SPEC = "student=me/tiny@0123; scorer=local; id=01234567"
TYPES = {
    "local_naturalness": pa.float64(),
    "num_steps": pa.int32(),
    "num_tokens": pa.int32(),
    "repeated_step_share": pa.float64(),
}


def examples(numbers):
    return [Example("What is it?", str(number)) for number in numbers]


def compute(missing):
    return [
        {"status": "ok", "local_naturalness": -1 / (int(one.response) + 1), "num_steps": 9, "num_tokens": 99}
        for one in missing
    ]


def write(folder, rows, writer, writers):
    """Score this writer's tasks; CPU seconds, and shards that were opened."""
    opened = Counter()
    read = shard_log.read_shard

    def counted(path, *rest):
        opened[path.name] += 1
        return read(path, *rest)

    shard_log.read_shard = counted
    start = time.process_time()
    store = ScoreStore(folder, SPEC, TYPES)
    for first in range(writer * ROWS_OF_A_TASK, rows, writers * ROWS_OF_A_TASK):
        store.scores(examples(range(first, min(first + ROWS_OF_A_TASK, rows))), compute)
    return time.process_time() - start, opened.total()


def timed(what, function):
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    print(f"  {what}: {time.perf_counter() - wall:.1f} s, {time.process_time() - cpu:.1f} s CPU")
    return result


def read_all(store, numbers):
    for first in range(0, len(numbers), ROWS_OF_A_TASK):
        some = numbers[first : first + ROWS_OF_A_TASK]
        found = store.scores(examples(some), None)
        assert [row["local_naturalness"] for row in found] == [-1 / (number + 1) for number in some]


def measure(rows, writers):
    folder = Path(tempfile.mkdtemp(prefix="store_"))
    start = time.perf_counter()
    with get_context("spawn").Pool(writers) as pool:
        found = pool.starmap(write, [(folder, rows, writer, writers) for writer in range(writers)])
    wall = time.perf_counter() - start
    tasks = -(-rows // ROWS_OF_A_TASK)
    cpu, opened = (sum(values) for values in zip(*found, strict=True))
    files = list(folder.glob("*.parquet"))
    kept = sum(pq.read_metadata(file).num_rows for file in files)
    size = sum(file.stat().st_size for file in files)
    print(f"{rows:,} rows, {writers} writers, {tasks:,} tasks: {wall:.0f} s")
    print(f"  CPU {cpu / tasks * 1e3:.1f} ms a task, {opened / tasks:.1f} files opened a task")
    print(f"  {len(files):,} files of {kept:,} rows (each once: {kept == rows}), {size / 1e6:.0f} MB")
    store = timed("opened", lambda: ScoreStore(folder, SPEC, TYPES))
    some = min(rows, READ)
    timed(f"{some:,} rows read in order", lambda: read_all(store, range(some)))
    drawn = np.random.default_rng(0).permutation(rows)[:some].tolist()
    timed(f"{some:,} rows read in random order", lambda: read_all(store, drawn))
    print(f"  memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB at most", flush=True)
    shutil.rmtree(folder)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--writers", type=int, nargs="+", default=[1, 4, 16])
    options = parser.parse_args()
    for writers in options.writers:
        measure(options.rows, writers)


if __name__ == "__main__":
    main()
