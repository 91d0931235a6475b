"""Score, be killed at some moment, score again; started by `test_score_resumes.py`.

Prints as JSON, for each moment, the rows that were finished when the process died, the rows that were
computed after the restart, and whether the final table equals that of an uninterrupted run. Every run is a
process of its own, forked from this one, so that importing and what transformers prepares are paid for
once.

Arguments: an input file, a folder to work in.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import pyarrow.parquet as pq
import torch

from local_naturalness.cli import main
from local_naturalness.embedded import student_path
from local_naturalness.scorers.scorer import Scorer
from local_naturalness.store import shard_log
from local_naturalness.student import Student

SHARD_ROWS = 2
NUM_RANDOM_MOMENTS = 20


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def half_written(path, table, owner, write=shard_log.write_shard):
    write(path, table, owner)
    os.truncate(path, path.stat().st_size // 2)
    die()


def before_claim(part, target):
    die()


def after_claim(part, target, claim=shard_log.claim):
    claim(part, target)
    die()


# Moments that chance would hardly hit: what is patched, with what, in which shard.
CHOSEN_MOMENTS = [("write_shard", half_written, 2), ("claim", before_claim, 0), ("claim", after_claim, 3)]


def start(source, output, computed, patch=None):
    """Fork a process that scores; `computed` is a file with a line per row that it starts to score."""
    process = os.fork()
    if process:
        return process
    score = Scorer._score

    def recorded(scorer, examples, rank):
        with computed.open("a") as file:
            file.write("row\n" * len(examples))
        return score(scorer, examples, rank)

    Scorer._score = recorded
    if patch:
        name, function, shard = patch
        original = getattr(shard_log, name)
        calls = iter(range(1000))
        setattr(shard_log, name, lambda *given: (function if next(calls) == shard else original)(*given))
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    words = ["score", str(source), "--student", student_path(), "--output", str(output)]
    os._exit(main([*words, "--shard-rows", str(SHARD_ROWS)]))


def wait(process):
    _, status = os.waitpid(process, 0)
    return os.waitstatus_to_exitcode(status)


def wait_until_scoring(process, computed):
    while not computed.exists():
        time.sleep(0.001)
    return time.monotonic()


def num_lines(path):
    return len(path.read_text().splitlines()) if path.exists() else 0


def num_finished(output):
    files = (output / ".local_naturalness" / "scores").glob("*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in files)


def uninterrupted(source, folder):
    computed = folder / "computed"
    process = start(source, folder / "output", computed)
    begin = wait_until_scoring(process, computed)
    assert wait(process) == 0
    return time.monotonic() - begin, pq.read_table(folder / "output" / "scored.parquet")


def killed(source, folder, expected, delay=0.0, patch=None):
    output = folder / "output"
    process = start(source, output, folder / "computed", patch)
    if patch is None:
        wait_until_scoring(process, folder / "computed")
        time.sleep(delay)
        os.kill(process, signal.SIGKILL)
    died = wait(process) == -signal.SIGKILL
    seen = [pq.read_table(path).equals(expected) for path in output.glob("*.parquet")]
    finished, begun = num_finished(output), num_lines(folder / "computed")
    assert wait(start(source, output, folder / "recomputed")) == 0
    return {
        "died": died,
        "finished": finished,
        "in_flight": begun - finished,
        "recomputed": num_lines(folder / "recomputed"),
        "only_whole_tables_seen": all(seen),
        "equal": pq.read_table(output / "scored.parquet").equals(expected),
        "left_behind": [path.name for path in (output / ".local_naturalness").glob("*.tmp")],
    }


def run(source, folder):
    duration, expected = uninterrupted(source, folder / "whole")
    chance = random.Random(0)
    moments = [{"delay": chance.uniform(0, duration)} for _ in range(NUM_RANDOM_MOMENTS)]
    moments += [{"patch": patch} for patch in CHOSEN_MOMENTS]
    results = []
    for number, moment in enumerate(moments):
        (folder / str(number)).mkdir()
        results.append(killed(source, folder / str(number), expected, **moment))
    print(json.dumps({"rows": expected.num_rows, "moments": results}))


if __name__ == "__main__":
    source, folder = map(Path, sys.argv[1:])
    (folder / "whole").mkdir(parents=True)
    torch.set_num_threads(1)  # threads would be missing in forked processes
    Student(student_path()).model()
    run(source, folder)
