"""How evenly a cluster is loaded, by simulation, and what very large tables take, on paper.

    python tests/benchmarks/cluster_simulation.py ../shared/data/long_traces.jsonl \
        ../shared/data/gsm8k_multi_teacher.jsonl

Each row costs the tokens that pass for it, counted by the local scorer with the embedded student's
tokenizer. Rows are drawn from the files with replacement and cut into tasks; an actor that is free takes the
next task, as with one task in flight. Nothing of Ray runs. The hours on paper follow from operations: two
for each parameter and passed token, at a share of the GPU's peak that is assumed, not measured.
"""

import argparse
import heapq
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from local_naturalness import LocalScorer
from local_naturalness.embedded import student_path
from local_naturalness.engine.paths import USUAL
from local_naturalness.estimation.gpu_hours import ASSUMED_SHARE, TFLOPS, hours
from local_naturalness.estimation.work import Work
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.scorers.scorer import _CHARACTERS_KEPT
from local_naturalness.store.shard_names import _RANGE as RANGE

ACTORS = (8, 64, 512)
BATCH_SIZES = (16, 64, 256)
TOKENS_OF_A_PASS = 32_768  # on a GPU
CHARACTERS_OF_A_TOKEN = 4


def costs(path: Path) -> tuple[np.ndarray, float]:
    """Passed tokens of each row of a file, shape [rows], and passed tokens per token of the responses."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    scorer, passed, num_tokens = LocalScorer(student_path()), [], 0
    batch = {name: [row[name] for row in rows] for name in ("prompt", "response")}
    for row in scorer.planned(batch):
        if isinstance(row, PlannedRow):
            work = Work()
            work.add_windows(row.windows(), TOKENS_OF_A_PASS, USUAL)
            passed.append(work.passed_tokens)
            num_tokens += row.encoded.num_tokens
    return np.array(passed), sum(passed) / num_tokens


def makespan(tasks: Sequence[float], num_actors: int) -> float:
    """When the last actor is done, as a multiple of the mean over actors."""
    free = [0.0] * num_actors
    for task in tasks:
        heapq.heapreplace(free, free[0] + task)
    return max(free) / (sum(tasks) / num_actors)


def in_tasks(rows: np.ndarray, batch_size: int) -> list[float]:
    return np.add.reduceat(rows, np.arange(0, len(rows), batch_size)).tolist()


def balance(drawn: np.ndarray) -> None:
    """Print makespans for rows in random order, and for the worst order, the longest last."""
    for name, rows in (("random order", drawn), ("longest last", np.sort(drawn))):
        print(f"\n{len(rows):,} rows, {name}: makespan as a multiple of the mean")
        print("| rows a task |" + "".join(f" {n} actors |" for n in ACTORS))
        for size in BATCH_SIZES:
            shown = "".join(f" {makespan(in_tasks(rows, size), actors):.2f} |" for actors in ACTORS)
            print(f"| {size} |{shown}")
    print("\nWithout tasks, one equal share of the rows for each actor, longest last:")
    for actors in ACTORS:
        shares = [share.sum() for share in np.array_split(np.sort(drawn), actors)]
        print(f"{actors} actors: {max(shares) / np.mean(shares):.2f}")


def on_paper(ratio: float, num_rows: int, num_tokens: int) -> None:
    """Print hours, tasks, files and bytes for a table."""
    passed = num_rows * num_tokens * ratio
    print(f"\n{num_rows:,} rows of {num_tokens:,} tokens, {ratio:.2f} passed tokens per token:")
    for parameters in (7e9, 32e9):
        found = [hours(2 * parameters * passed, gpus, TFLOPS["h100"]) for gpus in ACTORS]
        told = ", ".join(f"{hour:,.0f} h on {gpus}" for hour, gpus in zip(found, ACTORS, strict=True))
        print(f"{parameters / 1e9:.0f}B student: {told} H100 at {ASSUMED_SHARE:.0%} of their rate")
    characters = num_tokens * CHARACTERS_OF_A_TOKEN
    rows_of_a_file = max(1, TOKENS_OF_A_PASS * _CHARACTERS_KEPT // characters)
    print(f"text {num_rows * characters / 1e9:,.0f} GB, which a sort by prompt would move")
    print(f"tasks of 64 rows {num_rows / 64:,.0f}, of 256 rows {num_rows / 256:,.0f}")
    files = num_rows / min(rows_of_a_file, 64)
    print(f"files of a store: {files:,.0f} are written, and merged into {files / RANGE + RANGE:,.0f} at most")
    in_flight = 2 * 64 * characters / 1e6
    print(f"object store {in_flight:.1f} MB an actor, a task going in and one coming out")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("files", nargs="+", type=Path, help="JSON Lines with prompt and response")
    parser.add_argument("--rows", type=int, nargs="+", default=[100_000, 1_000_000])
    options = parser.parse_args()
    found = [costs(path) for path in options.files]
    for path, (passed, ratio) in zip(options.files, found, strict=True):
        spread = ", ".join(f"{value:,.0f}" for value in np.quantile(passed, [0.5, 0.9, 1]))
        print(f"{path.name}: {len(passed)} rows, {ratio:.2f} passed tokens per token, {spread} a row")
        print("  (the last three: median, ninth decile, most)")
    rows = np.concatenate([passed for passed, _ in found])
    for number in options.rows:
        balance(np.random.default_rng(0).choice(rows, number))
    on_paper(found[0][1], 10_000_000, 10_000)


if __name__ == "__main__":
    main()
