"""What the machine that runs `score --ray` does itself, when the actors have put all scores into the store.

    python tests/benchmarks/table_from_store.py --rows 200000

It looks up every row, reads its scores and writes the table. There is no cluster and no model: the store is
filled with numbers, and `score` finds all rows in it.
"""

import argparse
import resource
import shutil
import tempfile
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from local_naturalness import LocalScorer
from local_naturalness.cli import main as run
from local_naturalness.embedded import student_path

ROWS_OF_A_TASK = 64
CHARACTERS = 2000  # of a response
SENTENCE = "We add the two numbers and look at what is left. "


def compute(examples):
    return [
        {
            "status": "ok",
            "local_naturalness": -1.0,
            "num_steps": 40,
            "num_tokens": 500,
            "repeated_step_share": 0.0,
        }
        for _ in examples
    ]


def table(first, last):
    body = SENTENCE * (CHARACTERS // len(SENTENCE))
    numbers = range(first, last)
    return pa.table(
        {"prompt": [f"What is {n // 4}?" for n in numbers], "response": [f"{n}. {body}" for n in numbers]}
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    rows = parser.parse_args().rows
    folder = Path(tempfile.mkdtemp(prefix="table_"))
    output = folder / "scored"
    scorer = LocalScorer(student_path(), store=output / ".local_naturalness" / "scores")
    store = scorer._opened_store(scorer.spec)
    with pq.ParquetWriter(folder / "rows.parquet", table(0, 1).schema) as writer:
        for first in range(0, rows, ROWS_OF_A_TASK):
            block = table(first, min(first + ROWS_OF_A_TASK, rows))
            store.scores(scorer._read(block.to_pydict()), compute)
            writer.write_table(block)
    before, cpu, wall = (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        time.process_time(),
        time.perf_counter(),
    )
    words = ["score", str(folder / "rows.parquet"), "--student", student_path(), "--output", str(output)]
    assert run(words) == 0
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{rows:,} rows: {wall:.0f} s, {cpu:.0f} s CPU, {cpu / rows * 1e3:.2f} ms CPU a row")
    print(f"  memory {memory / 1e6:.2f} GB at most, {before / 1e6:.2f} GB of it before")
    assert pq.read_metadata(output / "scored.parquet").num_rows == rows
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
