"""The progress of a scoring run: a bar on a terminal, or a line in a log from time to time.

Rows are scored inside `map`, in this process or in workers. Each process appends what it has scored to a file
of the run. A thread of this process follows that file and shows the progress.
"""

import struct
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Event, Thread
from typing import Any, TextIO

import numpy as np
from tqdm import tqdm

from local_naturalness.cli.terminal import shows_bars
from local_naturalness.counted import counted
from local_naturalness.encoding.examples import BadSteps
from local_naturalness.scorers.scorer import Scorer
from local_naturalness.scorers.written_columns import SCORED, Scores

_SECONDS_BETWEEN_LINES = 30.0
_SECONDS_BETWEEN_LOOKS = 0.2
_NOTE = struct.Struct("<qqq")  # rows, tokens, work


class Noted:
    """A scorer for `map(..., with_indices=True, with_rank=True)` that records which rows it has scored.

    Args:
        scorer: computes the columns.
        is_finished: shape [rows of the dataset], bool. True for rows whose score is read from the store.
        work: shape [rows of the dataset], int. The work in each row, such as the length of its text.
        suffix: suffix of the columns that the scorer writes.
        notes: file to append to.
        numbers: the number of each row in the whole table. Errors name this number.
    """

    def __init__(
        self,
        scorer: Scorer,
        is_finished: np.ndarray,
        work: np.ndarray,
        suffix: str,
        notes: Path,
        numbers: Sequence[int] | np.ndarray,
    ):
        self._scorer = scorer
        self._numbers = numbers
        self._is_finished = is_finished
        self._work = work
        self._tokens_column = f"num_tokens{suffix}"
        self._status_column = f"{scorer.criterion}_status{suffix}"
        self._notes = notes

    def __call__(self, rows: Any, indices: Sequence[int], rank: int | None = None) -> dict[str, Any]:
        noted = 0

        def note_next(statuses: Sequence[str], tokens: Sequence[int]) -> None:
            nonlocal noted
            these = np.array(indices[noted : noted + len(statuses)], dtype=np.int64)
            noted += len(statuses)
            is_new = ~self._is_finished[these]
            # A row without a score may have a number of tokens, which another scorer has counted.
            has_score = np.isin(statuses, list(SCORED))
            scored = np.array(tokens)[is_new & has_score].sum()
            if len(these):
                note(self._notes, int(is_new.sum()), int(scored), int(self._work[these][is_new].sum()))

        def kept(rows: Sequence[Scores]) -> None:
            note_next([row["status"] for row in rows], [row.get("num_tokens") or 0 for row in rows])

        # A long batch is saved in several parts. A stopped run must report the rows that are saved, so each
        # part is recorded as soon as it is saved.
        self._scorer.when_kept = kept
        try:
            columns = self._scorer(rows, rank)
        except BadSteps as error:
            raise error.in_row(int(self._numbers[indices[error.row]])) from error
        finally:
            self._scorer.when_kept = None
        note_next(columns[self._status_column][noted:], columns[self._tokens_column][noted:])
        return columns


def note(notes: Path, rows: int, tokens: int, work: int) -> None:
    """Append what was just scored to the file that `followed` reads."""
    # A note is small enough to be appended in one operation, so the notes of several workers do not mix.
    with notes.open("ab", buffering=0) as file:
        file.write(_NOTE.pack(rows, tokens, work))


class Progress:
    """The number of scored rows, tokens per second, and the time left.

    The time left is estimated from the work that is left, not from the number of rows. If a table begins with
    short responses, much less than half of the work is done when half of the rows are.

    Args:
        num_rows: number of rows to score.
        what: description of the task, shown first.
        stream: stream to write to.
        is_bar: whether to show a moving bar. Otherwise lines are printed.
        seconds_between_lines: time between two lines.
        work: work in all rows. `None` counts every row as 1.
    """

    def __init__(
        self,
        num_rows: int,
        what: str,
        stream: TextIO,
        is_bar: bool,
        seconds_between_lines: float = _SECONDS_BETWEEN_LINES,
        work: int | None = None,
    ):
        counts = f"{{rows:,}} of {counted(num_rows, 'row')}{{postfix}}{{left}}"
        target: TextIO | _Lines = stream
        if is_bar:
            form: dict[str, Any] = {
                "bar_format": "{desc}: {percentage:3.0f}%|{bar}| " + counts,
                "dynamic_ncols": True,
            }
        else:
            form = {"bar_format": "{desc}: " + counts, "mininterval": seconds_between_lines}
            target = _Lines(stream)
        self._bar = _RowsBar(
            total=num_rows if work is None else work,
            desc=what,
            file=target,
            miniters=1,
            # Show the average rate of the whole run, because notes of several workers arrive in bursts.
            smoothing=0,
            disable=not num_rows,
            **form,
        )
        self._is_bar = is_bar
        self._tokens = 0

    def add(self, rows: int, tokens: int, work: int | None = None) -> None:
        """Add rows that were just scored, the tokens of their responses, and the work in them."""
        self._tokens += tokens
        self._bar.rows += rows
        seconds = self._bar.format_dict["elapsed"]
        if seconds:
            self._bar.set_postfix_str(f"{self._tokens / seconds:,.0f} tokens/s", refresh=False)
        self._bar.update(rows if work is None else work)

    def close(self) -> None:
        """Show the final state, unless the last line has already shown it."""
        if not self._is_bar and getattr(self._bar, "last_print_n", None) == self._bar.n:
            self._bar.leave = False
        self._bar.close()


class _RowsBar(tqdm):  # type: ignore[misc] # tqdm has no types
    """A bar that measures work and also shows the number of rows."""

    rows = 0

    @property
    def format_dict(self) -> Any:
        known = super().format_dict
        left = f", ETA {_clock(known)}" if known["n"] and known["elapsed"] else ""
        return {**known, "rows": self.rows, "left": left}


def _clock(known: Mapping[str, Any]) -> str:
    """The time left at the average rate so far. Needs some finished work."""
    rate = known["n"] / known["elapsed"]
    return str(tqdm.format_interval(max(0.0, (known["total"] - known["n"]) / rate)))


@contextmanager
def followed(notes: Path, num_rows: int, what: str, work: int) -> Iterator[None]:
    """Show on standard error the progress that scorers record in a file.

    Args:
        notes: the file. It need not exist yet.
        num_rows: number of rows to score.
        what: description of the task.
        work: work in all rows.
    """
    notes.touch()
    progress = Progress(num_rows, what, sys.stderr, shows_bars(), work=work)
    is_over = Event()
    thread = Thread(target=_follow, args=(notes, progress, is_over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        progress.close()


def num_noted(notes: Path) -> int:
    """Number of rows that scorers have recorded in a file so far."""
    content = notes.read_bytes() if notes.exists() else b""
    return sum(rows for rows, *_ in _NOTE.iter_unpack(content[: len(content) // _NOTE.size * _NOTE.size]))


def _follow(path: Path, progress: Progress, is_over: Event) -> None:
    with path.open("rb", buffering=0) as notes:
        is_last = False
        while not is_last:
            is_last = is_over.wait(_SECONDS_BETWEEN_LOOKS)
            while note := notes.read(_NOTE.size):
                progress.add(*_NOTE.unpack(note))


class _Lines:
    """A stream for tqdm that prints each update as a line of its own instead of overwriting the last one."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> None:
        if text := text.strip():
            self._stream.write(f"{text}\n")

    def flush(self) -> None:
        self._stream.flush()
