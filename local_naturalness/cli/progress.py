"""How far a scoring run is: a bar on a terminal, now and then a line in a log.

Rows are scored inside `map`, in this process or in workers. Whoever has scored some notes it in a file of
the run; a thread of this process follows the file.
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
    """A scorer for `map(..., with_indices=True, with_rank=True)` that notes what it has scored.

    Args:
        scorer: computes the columns.
        is_finished: shape [rows of the dataset], bool: rows whose score is read from the store.
        work: shape [rows of the dataset], int: how much there is to do in each, such as the length of its
            text.
        suffix: of the columns that the scorer writes.
        notes: file to append to.
        numbers: of the rows in the whole table, which errors name.
    """

    def __init__(
        self,
        scorer: Scorer,
        is_finished: np.ndarray,
        work: np.ndarray,
        suffix: str,
        notes: Path,
        numbers: Sequence[int] | np.ndarray | np.ndarray,
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
            # A row without a score may tell the number of tokens that another scorer has counted.
            has_score = np.isin(statuses, list(SCORED))
            scored = np.array(tokens)[is_new & has_score].sum()
            if len(these):
                note(self._notes, int(is_new.sum()), int(scored), int(self._work[these][is_new].sum()))

        def kept(rows: Sequence[Scores]) -> None:
            note_next([row["status"] for row in rows], [row.get("num_tokens") or 0 for row in rows])

        # A long batch is kept in several parts, and what is told of a stopped run is what is kept.
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
    """Add what was scored just now to a file that `followed` follows."""
    # Notes are shorter than what a system appends at once, so those of several workers do not mingle.
    with notes.open("ab", buffering=0) as file:
        file.write(_NOTE.pack(rows, tokens, work))


class Progress:
    """Rows scored so far, tokens per second, and how long it may still take.

    The time left goes by work and not by rows: a table that begins with short responses is not nearly done
    when half of its rows are.

    Args:
        num_rows: to be scored.
        what: is done.
        stream: to write to.
        is_bar: a bar that moves, else lines.
        seconds_between_lines: of those.
        work: how much is to be done in all rows; `None` counts every row as 1.
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
            # The rate of the whole run: notes of several workers come in bursts.
            smoothing=0,
            disable=not num_rows,
            **form,
        )
        self._is_bar = is_bar
        self._tokens = 0

    def add(self, rows: int, tokens: int, work: int | None = None) -> None:
        """Count rows that were scored just now, the tokens of their responses, and the work in them."""
        self._tokens += tokens
        self._bar.rows += rows
        seconds = self._bar.format_dict["elapsed"]
        if seconds:
            self._bar.set_postfix_str(f"{self._tokens / seconds:,.0f} tokens/s", refresh=False)
        self._bar.update(rows if work is None else work)

    def close(self) -> None:
        """Show where it ended, unless the last line has said so."""
        if not self._is_bar and getattr(self._bar, "last_print_n", None) == self._bar.n:
            self._bar.leave = False
        self._bar.close()


class _RowsBar(tqdm):  # type: ignore[misc] # tqdm has no types
    """A bar that tells rows beside what it counts."""

    rows = 0

    @property
    def format_dict(self) -> Any:
        known = super().format_dict
        left = f", ETA {_clock(known)}" if known["n"] and known["elapsed"] else ""
        return {**known, "rows": self.rows, "left": left}


def _clock(known: Mapping[str, Any]) -> str:
    """The time left at the rate of the run so far; nothing is known of it before something is done."""
    rate = known["n"] / known["elapsed"]
    return str(tqdm.format_interval(max(0.0, (known["total"] - known["n"]) / rate)))


@contextmanager
def followed(notes: Path, num_rows: int, what: str, work: int) -> Iterator[None]:
    """Show the progress that scorers note in a file, on standard error.

    Args:
        notes: the file, which need not exist yet.
        num_rows: to be scored.
        what: is done.
        work: how much is to be done in all of them.
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
    """Rows that scorers have noted in a file so far."""
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
    """What tqdm writes over itself on a terminal, line by line."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> None:
        if text := text.strip():
            self._stream.write(f"{text}\n")

    def flush(self) -> None:
        self._stream.flush()
