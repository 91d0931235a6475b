"""A progress bar for scoring in `map`, because the bar of `map` moves only once per batch."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import datasets
from datasets.utils import tqdm as bar_of_datasets
from multiprocess import process
from tqdm.auto import tqdm

# Shorter runs need no bar of their own.
_SECONDS_BEFORE_SHOWN = 3.0
# In a file, every state of a bar stays. A terminal or a notebook shows only the last one.
_SECONDS_BETWEEN_STATES_IN_A_FILE = 30.0


class MapProgress(threading.local):
    """A bar of tokens over all batches of a `map`: tokens done and in total, their rate, and the time left.

    A batch does not show how much comes after it. So the number of rows is read from the bar of `map`, and
    later rows are assumed to be as long as the earlier ones. The total is an estimate until the last batch,
    and the bar says so. Without a bar of `map` (for a stream or a direct call), the total is that of one
    batch.

    There is no bar if the bars of `datasets` are off (`datasets.disable_progress_bars()`), or in worker
    processes, which would all write to one terminal. Each thread that calls a scorer has its own bar.
    """

    def __init__(self) -> None:
        self._bar: Any = None
        self._map: Any = None
        self._restart()

    def _restart(self) -> None:
        self._began = self._printed = time.time()
        self._num_rows = self._rows_begun = self._rows_planned = 0
        self._tokens_planned = self._tokens_done = 0

    @contextmanager
    def batch(self, num_rows: int) -> Iterator[None]:
        """Show the bar during a batch of `num_rows` rows."""
        of_map = _bar_of_map()
        if of_map is None or of_map is not self._map:
            self._restart()
        self._map = of_map
        self._num_rows = max(self._rows_begun + num_rows, 0 if of_map is None else of_map.total)
        with _new_bar() as self._bar:
            # All batches are one run, so the bar continues with the tokens and the time of earlier batches.
            self._bar.n = self._bar.last_print_n = self._tokens_done
            self._bar.start_t, self._bar.last_print_t = self._began, self._printed
            yield
            self._printed = self._bar.last_print_t
        self._bar = None

    def begin(self, num_rows: int) -> None:
        """Count the next rows, in the order of the table. Some of them may be finished already."""
        self._rows_begun += num_rows

    def plan(self, num_rows: int, num_tokens: int) -> None:
        """Of the rows that were begun, so many are scored now."""
        self._rows_planned += num_rows
        self._tokens_planned += num_tokens
        rows_left = self._num_rows - self._rows_begun
        if self._bar is None or not self._rows_planned:
            return
        self._bar.total = self._tokens_planned + round(rows_left * self._tokens_planned / self._rows_planned)
        self._bar.set_description("Scoring, total estimated" if rows_left else "Scoring", refresh=False)

    def done(self, num_tokens: int) -> None:
        """So many tokens were scored just now."""
        self._tokens_done += num_tokens
        if self._bar is not None:
            self._bar.update(num_tokens)


def _new_bar() -> Any:
    is_worker = process.parent_process() is not None
    return tqdm(
        total=None,
        desc="Scoring",
        unit=" tokens",
        unit_scale=True,
        leave=False,
        delay=_SECONDS_BEFORE_SHOWN,
        mininterval=_seconds_between_states(),
        # The rate since the beginning: what a pass takes changes with the length of its windows.
        smoothing=0,
        disable=is_worker or datasets.are_progress_bars_disabled(),
    )


def _bar_of_map() -> Any:
    """The bar of the `map` that is running, if it shows one: nothing else knows the number of rows."""
    running = [
        bar
        for bar in getattr(tqdm, "_instances", ())
        if isinstance(bar, bar_of_datasets) and bar.unit == " examples" and bar.total
    ]
    return max(running, key=lambda bar: bar.start_t, default=None)


def _seconds_between_states() -> float:
    is_seen_live = sys.stderr.isatty() or "ipykernel" in sys.modules
    return 0.1 if is_seen_live else _SECONDS_BETWEEN_STATES_IN_A_FILE
