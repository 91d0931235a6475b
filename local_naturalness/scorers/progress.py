"""How far the scoring of a batch is, for whoever waits for `map`, whose own bar moves once a batch."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import datasets
from multiprocess import process
from tqdm.auto import tqdm

# A batch that takes less needs no bar of its own.
_SECONDS_BEFORE_SHOWN = 3.0
# A file keeps every state of a bar, a terminal and a notebook only the last one.
_SECONDS_BETWEEN_STATES_IN_A_FILE = 30.0


@contextmanager
def token_bar(num_tokens: int, what: str) -> Iterator[Callable[[int], object]]:
    """A bar of tokens: done and left, their rate, and the time that is left.

    It is off where the bars of `datasets` are (`datasets.disable_progress_bars()`), and in worker processes,
    which would all write to one terminal.

    Args:
        num_tokens: to be scored.
        what: is done.

    Returns:
        Called with the number of tokens that were done just now.
    """
    is_worker = process.parent_process() is not None
    with tqdm(
        total=num_tokens,
        desc=what,
        unit=" tokens",
        unit_scale=True,
        leave=False,
        delay=_SECONDS_BEFORE_SHOWN,
        mininterval=_seconds_between_states(),
        disable=is_worker or datasets.are_progress_bars_disabled(),
    ) as bar:
        yield bar.update


def _seconds_between_states() -> float:
    is_seen_live = sys.stderr.isatty() or "ipykernel" in sys.modules
    return 0.1 if is_seen_live else _SECONDS_BETWEEN_STATES_IN_A_FILE
