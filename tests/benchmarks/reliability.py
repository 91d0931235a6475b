"""What happens to scoring runs that are killed, to damaged parts, and on a full disk. Prints a table.

    PYTHONPATH=tests/support python tests/benchmarks/reliability.py [--kills 20] [--flips 1500] [--seed 0]

The scorer is a stand-in whose scores are known beforehand and that takes some milliseconds a row; the store,
the parts, the workers and `merge` are the real ones. An outcome counts as held when the table of the run that
follows has every row of the input once with its score, or, for damage, when the command refuses.
"""

import argparse
import contextlib
import errno
import io
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pyarrow.parquet as pq
from stand_in import StandIn, expected, run

from local_naturalness.cli import main, stopping

TABLE = [{"prompt": f"p{number}", "response": f"r{number % 7}", "teacher": "t"} for number in range(24)]
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
PUT_ON_DISK = ("link", "replace", "fsync")


def slowly(scorer, examples, score=StandIn._score):
    time.sleep(0.01 * len(examples))
    return score(scorer, examples)


def forked(folder, *words):
    process = os.fork()
    if not process:
        os.setsid()
        stopping._SECONDS_TO_END = stopping._SECONDS_TO_JOIN = 2.0  # not to wait for minutes here
        StandIn._score = slowly
        for stream in (sys.stdout, sys.stderr):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        os._exit(run(TABLE, folder, "--shard-rows", 2, *words))
    return process


def quietly(command):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as told:
        return command(), told.getvalue()


def is_right(folder):
    return pq.read_table(folder / "scored.parquet").to_pylist() == expected(TABLE, "a")


def kills(number, chance, words, whom):
    """Kill at random moments, then run again: (held, tried, processes that lived on)."""
    held = alive = 0
    for turn in range(number):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "output"
            process = forked(folder, *words)
            hidden = folder / ".local_naturalness"
            while not list(hidden.glob("*.tmp")):
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.5))
            with contextlib.suppress(psutil.NoSuchProcess):
                others = psutil.Process(process).children(recursive=True)
                target = process if whom == "run" or not others else chance.choice(others).pid
                os.kill(target, SIGNALS[turn % 3] if whom == "run" else signal.SIGKILL)
            os.waitpid(process, 0)
            alive += len(psutil.wait_procs(others, timeout=5)[1])
            code, _ = quietly(lambda folder=folder: run(TABLE, folder, "--shard-rows", 2, *words))
            held += code == 0 and is_right(folder)
    return held, number, alive


def flips(number, chance):
    """Flip single bits of finished parts, merge: (refused, merged and right, merged and wrong)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for index in (0, 1):
            words = ["--shard-rows", 2, "--shard-index", index, "--num-shards", 2]
            quietly(lambda words=words: run(TABLE, folder, *words))
        outcomes = [0, 0, 0]
        files = sorted((folder / ".local_naturalness" / "parts").iterdir())
        for _ in range(number):
            path = chance.choices(files, [file.stat().st_size for file in files])[0]
            whole = path.read_bytes()
            content = bytearray(whole)
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.write_bytes(content)
            code, _ = quietly(lambda: main(["merge", str(folder)]))
            outcomes[0 if code == 2 else 1 if code == 0 and is_right(folder) else 2] += 1
            path.write_bytes(whole)
    return outcomes


@contextlib.contextmanager
def disk_full_after(number):
    left = [number]

    def limited(call):
        def called(*given, **named):
            left[0] -= 1
            if left[0] < 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return call(*given, **named)

        return called

    before = {name: getattr(os, name) for name in PUT_ON_DISK}
    for name, call in before.items():
        setattr(os, name, limited(call))
    try:
        yield
    finally:
        for name, call in before.items():
            setattr(os, name, call)


def full_disks(words):
    """Let the disk be full at every moment at which something is put on it: (held, tried)."""
    held = tried = 0
    while True:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with disk_full_after(tried):
                code, told = quietly(lambda folder=folder: run(TABLE, folder, "--shard-rows", 6, *words))
            if code == 0:
                return held, tried
            tried += 1
            is_sentence = code == 2 and told.rstrip().splitlines()[-1].startswith(
                "local-naturalness score: error"
            )
            again, _ = quietly(lambda folder=folder: run(TABLE, folder, "--shard-rows", 6, *words))
            held += is_sentence and again == 0


def print_table(options):
    print("| tried | times | held |\n|---|---|---|")
    for what, words, whom in (
        ("one process, killed by SIGKILL, SIGTERM, SIGINT in turn", [], "run"),
        ("two workers, their parent killed so", ["--num-proc", 2], "run"),
        ("two workers, one of the three processes that serve the run killed", ["--num-proc", 2], "worker"),
    ):
        held, tried, alive = kills(options.kills, random.Random(options.seed), words, whom)
        print(f"| {what} | {tried} | {held}; {alive} processes lived on |", flush=True)
    for what, words in (("", []), (" of a share", ["--shard-index", 0, "--num-shards", 2])):
        held, tried = full_disks(words)
        print(f"| disk full, at each moment of a run{what} | {tried} | {held} |", flush=True)
    refused, right, wrong = flips(options.flips, random.Random(options.seed))
    told = f"{refused} refused, {right} merged rightly, {wrong} wrongly"
    print(f"| one bit flipped in a finished part, then `merge` | {options.flips} | {told} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--flips", type=int, default=1500)
    parser.add_argument("--seed", type=int, default=0)
    print_table(parser.parse_args())
