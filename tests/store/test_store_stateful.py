"""Whatever is done to an output folder, and in whatever order: all rows with their scores, or a refusal.

Runs, runs that are killed, inputs that are edited or reordered, other settings, lost and damaged files, in
orders that Hypothesis makes up. `LOCAL_NATURALNESS_EXAMPLES=2000` asks for more of them.
"""

import contextlib
import io
import os
import shutil
import tempfile
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from stand_in import expected, run

from local_naturalness.cli import main
from local_naturalness.store import atomic_files

NUM_EXAMPLES = int(os.environ.get("LOCAL_NATURALNESS_EXAMPLES", 40))
MEMORY = Path("/dev/shm")

texts = st.sampled_from(["a", "b", "ab", "a. b.", "ä"])
rows = st.fixed_dictionaries(
    {"prompt": texts, "response": st.none() | texts, "answer": texts, "teacher": st.sampled_from("xyz")}
)
chance = st.integers(0, 2**16)


class Killed(BaseException):
    """What stands for the death of a process: nothing of the library may catch it."""


@contextlib.contextmanager
def killed_before(number):
    """Die when for the `number`-th time something is about to be put on the disk."""
    left = [number]
    before = {name: getattr(os, name) for name in ("link", "replace", "fsync", "unlink", "rmdir")}

    def dying(call):
        def called(*given, **named):
            if left[0] <= 0:
                raise Killed  # again and again: a dead process cleans up nothing
            left[0] -= 1
            return call(*given, **named)

        return called

    for name, call in before.items():
        setattr(os, name, dying(call))
    try:
        yield
    finally:
        for name, call in before.items():
            setattr(os, name, call)


class Shares(RuleBasedStateMachine):
    """One output folder, an input that changes, and what each share was last scored from."""

    @initialize(
        table=st.lists(rows, min_size=1, max_size=9), num_shards=st.integers(1, 3), block=st.integers(1, 4)
    )
    def begin(self, table, num_shards, block):
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
        self.output = self.folder / "output"
        self.table, self.num_shards = table, num_shards
        self.asked = {"setting": "a", "block": block, "column": "response"}
        self.held = {}  # of each share that is finished: its input and its settings
        self.unsure = {}  # of each share that was killed: what it may hold
        self.tried = set()  # settings, by anybody
        self.is_damaged = False

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def score(self, share):
        self.tried.add(self.asked["setting"])
        words = ["--shard-rows", self.asked["block"], "--response-column", self.asked["column"]]
        if self.num_shards > 1:
            words += ["--shard-index", share, "--num-shards", self.num_shards]
        return self.quietly(lambda: run(self.table, self.output, *words, setting=self.asked["setting"]))

    def quietly(self, command):
        told = io.StringIO()
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(told):
            code = command()
        if code:
            assert code == 2 and "Traceback" not in told.getvalue(), told.getvalue()
        self.told = told.getvalue()
        return code

    @rule(share=st.integers(0, 2))
    def finish(self, share):
        share %= self.num_shards
        before = self.held.get(share)
        if self.score(share):
            # Only other settings are refused, by the store that was begun with the first ones.
            assert self.is_damaged or self.tried - {self.asked["setting"]}, self.told
            assert self.held.get(share) == before
            return
        self.held[share] = (list(self.table), dict(self.asked))
        if self.num_shards == 1:
            self.check(self.output / "scored.parquet", *self.held[0])

    @rule(share=st.integers(0, 2), moment=st.integers(0, 25))
    def kill(self, share, moment):
        share %= self.num_shards
        before = self.held.pop(share, None)
        try:
            with killed_before(moment):
                code = self.score(share)
        except Killed:
            # Its part may be the one from before, or the new one.
            self.unsure.setdefault(share, []).extend(
                [entry for entry in (before, (list(self.table), dict(self.asked))) if entry]
            )
            return
        if code == 0:
            self.held[share] = (list(self.table), dict(self.asked))
        elif before:
            self.held[share] = before

    @precondition(lambda self: self.num_shards > 1)
    @rule()
    def merge(self):
        table = self.output / "scored.parquet"
        table.unlink(missing_ok=True)
        code = self.quietly(lambda: main(["merge", str(self.output)]))
        entries = [self.held.get(share) for share in range(self.num_shards)]
        agree = all(entry is not None and entry == entries[0] for entry in entries)
        if code:
            assert not table.exists()
            assert self.is_damaged or not agree, self.told
            return
        # A share that was killed may have finished before, or again.
        known = [entry for entry in entries if entry is not None]
        unsure = [entry for share in self.unsure if share not in self.held for entry in self.unsure[share]]
        assert all(same_scores(entry, known[0]) for entry in known)
        candidates = known[:1] or unsure
        assert candidates
        found = pq.read_table(table).to_pylist()
        assert any(found == fresh(*entry) for entry in candidates)

    def check(self, table, *entry):
        assert pq.read_table(table).to_pylist() == fresh(*entry)

    @rule(place=chance, row=rows, column=st.sampled_from(["prompt", "response", "answer", "teacher"]))
    def edit(self, place, row, column):
        place %= len(self.table)
        self.table = [*self.table]
        self.table[place] = self.table[place] | {column: row[column]}

    @rule(order=st.randoms(use_true_random=False))
    def reorder(self, order):
        self.table = order.sample(self.table, len(self.table))

    @rule(place=chance, row=rows)
    def add(self, place, row):
        place %= len(self.table) + 1
        self.table = [*self.table[:place], row, *self.table[place:]]

    @precondition(lambda self: len(self.table) > 1)
    @rule(place=chance)
    def remove(self, place):
        place %= len(self.table)
        self.table = self.table[:place] + self.table[place + 1 :]

    @rule(block=st.integers(1, 4))
    def other_blocks(self, block):
        self.asked = self.asked | {"block": block}

    @rule(column=st.sampled_from(["response", "answer"]))
    def other_column(self, column):
        self.asked = self.asked | {"column": column}

    @rule(setting=st.sampled_from("ab"))
    def other_settings(self, setting):
        self.asked = self.asked | {"setting": setting}

    @rule(which=chance, how=st.sampled_from(["bit", "cut", "lose"]), where=chance)
    def damage(self, which, how, where):
        found = sorted(path for path in self.output.glob(".local_naturalness/**/*") if path.is_file())
        if not found:
            return
        # Most often a table or a note of a finished part: what happens to these nobody computes again.
        found += [path for path in found if path.parent.name == "parts"] * 3
        self.is_damaged = True
        path = found[which % len(found)]
        content = bytearray(path.read_bytes())
        if how == "lose" or not content:
            path.unlink()
        elif how == "cut":
            path.write_bytes(content[: where % len(content)])
        else:
            content[where % len(content)] ^= 1 << where % 8
            path.write_bytes(content)


def fresh(table, asked):
    return expected(table, asked["setting"], asked["column"])


def same_scores(one, other):
    return one[0] == other[0] and all(one[1][key] == other[1][key] for key in ("setting", "column"))


Shares.TestCase.settings = settings(
    max_examples=NUM_EXAMPLES,
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize="LOCAL_NATURALNESS_EXAMPLES" not in os.environ,
)
TestShares = Shares.TestCase


@pytest.mark.parametrize("moment", range(0, 12, 4))
def test_the_death_that_is_used_here_is_one(tmp_path, moment):
    """Nothing catches it, and what it leaves behind is not a finished part."""
    table = [{"prompt": "a", "response": "b"}] * 3
    with pytest.raises(Killed), killed_before(moment):
        run(table, tmp_path, "--shard-rows", 1, "--shard-index", 0, "--num-shards", 2)
    assert run(table, tmp_path, "--shard-rows", 1, "--shard-index", 0, "--num-shards", 2) == 0
    assert atomic_files.is_regular(tmp_path / ".local_naturalness" / "parts" / "00000-of-00002.json")
