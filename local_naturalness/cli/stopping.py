"""Stopping a run early: all of its processes end, and a message says what is kept.

Ctrl-C reaches every process of a terminal. SIGTERM and `kill -9` reach only one. A worker must not survive
the process that started it, and must not print a message of its own when it gets a signal.
"""

import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from types import FrameType
from typing import NoReturn

import psutil

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
# If a worker is killed at a bad moment, closing the pool never returns. So a run gets this long to end.
_SECONDS_TO_END = 15.0
_SECONDS_TO_JOIN = 120.0
_SECONDS_BETWEEN_LOOKS = 0.25
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # the signal that a process gets when its parent dies

# While this is set, forked processes end when the process with this id ends.
_parent: int | None = None


class Work(Enum):
    """The work that is left for worker processes."""

    NONE = "there are none, or they have ended"
    SOME = "rows are left"
    DONE = "all rows are scored, the results are being joined"


class Stopped(Exception):
    """A run was stopped from outside. The message says what is kept and how to continue."""

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def stoppable(kept: Callable[[], str], work: Callable[[], Work]) -> Iterator[None]:
    """End a run together with its workers when it is stopped or when one of its workers dies.

    Args:
        kept: returns the message about finished work. Called when the run ends.
        work: returns the work that is left for workers.

    Raises:
        Stopped: the process got a signal, or a worker was killed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread can handle signals
        return
    received: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        if received:
            _end_at_once(_of_signal(received[0], kept()))
        received.append(number)
        late.start()
        raise KeyboardInterrupt

    late = threading.Timer(_SECONDS_TO_END, lambda: _end_at_once(_of_signal(received[0], kept())))
    late.daemon = True
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    # Signals that are ignored (with nohup, or in the background of a script) stay ignored.
    caught = [n for n, do in before.items() if do in (signal.SIG_DFL, signal.default_int_handler)]
    try:
        with _children_end_with_us(), _children_watched(work, lambda: _of_worker(kept())):
            for number in caught:
                signal.signal(number, stop)
            yield
    except BaseException as error:
        # The error need not be the KeyboardInterrupt, because closing a pool can raise errors of its own.
        if received:
            raise _of_signal(received[0], kept()) from error
        if work() is not Work.NONE and _is_of_dead_worker(error):
            raise _of_worker(kept()) from error
        raise
    finally:
        late.cancel()
        for number in caught:
            signal.signal(number, before[number])


def _is_of_dead_worker(error: BaseException) -> bool:
    """Whether an error says that a worker died: `datasets` noticed it, or a connection to a worker broke."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, EOFError | ConnectionError) or "has abruptly died" in str(cause):
            return True
        cause = cause.__context__
    return False


@contextmanager
def _children_watched(work: Callable[[], Work], stopped: Callable[[], Stopped]) -> Iterator[None]:
    """End this process if a worker has died and no error follows.

    If a killed worker held a lock, its pool waits for the lock for ever and raises nothing.
    """
    is_over = threading.Event()

    def watch() -> None:
        seen: set[int] = set()
        while not is_over.wait(_SECONDS_BETWEEN_LOOKS):
            if work() is not Work.NONE:
                alive = {c.pid for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE}
                if seen - alive and not is_over.wait(_SECONDS_TO_END):
                    # When all rows are scored, workers end normally. Joining their results takes longer.
                    if work() is Work.SOME or not is_over.wait(_SECONDS_TO_JOIN):
                        _end_at_once(stopped())
                seen = alive

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()


def _of_signal(number: int, kept: str) -> Stopped:
    how = "" if number == signal.SIGINT else f" by {signal.Signals(number).name}"
    return Stopped(f"Stopped{how}. {kept}", 128 + number)


def _of_worker(kept: str) -> Stopped:
    return Stopped(
        f"A worker process was killed, most often for want of memory: try fewer with --num-proc. {kept}", 2
    )


@contextmanager
def _children_end_with_us() -> Iterator[None]:
    global _parent
    before, _parent = _parent, os.getpid()
    try:
        yield
    finally:
        _parent = before


def _end_with_parent() -> None:
    """Called in a process that was just forked: end it when its parent ends."""
    global _parent
    if _parent is None:
        return
    for number in _SIGNALS:
        # On Ctrl-C, only the parent prints a message. It then ends its workers with SIGTERM.
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != _parent:  # the parent ended before the call
            os._exit(1)
    _parent = os.getpid()


def _end_at_once(stopped: Stopped) -> NoReturn:
    print(stopped, file=sys.stderr, flush=True)
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            child.kill()
    os._exit(stopped.exit_code)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_end_with_parent)
