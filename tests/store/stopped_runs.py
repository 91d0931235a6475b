"""Stop runs with two workers in several ways; started by `test_stopped_runs.py`.

Prints as JSON, for each way, how the run ended, what it said, which of its processes lived on, and how many
rows were finished. Every run is forked from this process, so that importing is paid for once.

Argument: a folder to work in.
"""

import json
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
from stand_in import StandIn, run

from local_naturalness.cli import stopping

TABLE = [{"prompt": str(number), "response": "b"} for number in range(40)]
WORDS = ["--shard-rows", 1, "--num-proc", 2]
# In the order in which they are started; one of the two workers is idle when it is killed.
CHILDREN = ("first worker", "second worker", "queue")
WAYS = (*CHILDREN, "SIGTERM", "SIGINT", "SIGKILL")
SECONDS = 60


def slow(scorer, examples, score=StandIn._score):
    # Blocks are dealt to the workers in turn: the first one is soon done, and waits.
    time.sleep(0.2 if int(examples[0].prompt) % 2 else 0.02)
    return score(scorer, examples)


def start(folder):
    process = os.fork()
    if process:
        return process
    os.setsid()
    stopping._SECONDS_TO_END = 2.0
    StandIn._score = slow
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    os.dup2(os.open(folder / "stderr", os.O_WRONLY | os.O_CREAT), sys.stderr.fileno())
    os._exit(run(TABLE, folder / "output", *WORDS))


def num_finished(folder):
    shards = (folder / "output" / ".local_naturalness" / "scores").glob("[0-9]*.parquet")
    return sum(pq.read_metadata(path).num_rows for path in shards)


def stop(way, process):
    if way in CHILDREN:
        children = sorted(psutil.Process(process).children(), key=lambda child: child.pid)
        os.kill(children[CHILDREN.index(way)].pid, signal.SIGKILL)
    elif way == "SIGINT":
        os.killpg(process, signal.SIGINT)  # as a terminal does
    else:
        os.kill(process, getattr(signal, way))


def wait(process):
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        done, status = os.waitpid(process, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.killpg(process, signal.SIGKILL)
    os.waitpid(process, 0)
    return "never"


def stopped(way, folder):
    folder.mkdir()
    process = start(folder)
    while num_finished(folder) < 22:
        time.sleep(0.01)
    others = psutil.Process(process).children(recursive=True)
    stop(way, process)
    code = wait(process)
    _, alive = psutil.wait_procs(others, timeout=5)
    return {
        "way": way,
        "code": code,
        "processes": len(others),
        "alive": len(alive),
        "told": [line for line in (folder / "stderr").read_text().splitlines() if "Scoring" not in line],
        "finished": num_finished(folder),
    }


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    print(json.dumps([stopped(way, folder / str(number)) for number, way in enumerate(WAYS)]))
