"""The end of a run before its time: all its processes end, and it is said what is kept.

Ctrl-C reaches every process of a terminal, SIGTERM and `kill -9` only one. A worker must neither survive
the process that started it nor answer a signal in words of its own.
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
# A pool whose worker was killed at a bad moment waits for ever when it is closed.
_SECONDS_TO_END = 15.0
_SECONDS_TO_JOIN = 120.0
_SECONDS_BETWEEN_LOOKS = 0.25
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1  # the signal that a process gets when its parent dies

# Processes that are forked while this is set end with the process of this id.
_parent: int | None = None


class Work(Enum):
    """What workers have to do."""

    NONE = "there are none, or they have ended"
    SOME = "rows are left"
    DONE = "all rows are scored, the results are being joined"


class Stopped(Exception):
    """A run was ended from outside. The message says what is kept and how to go on."""

    def __init__(self, message: str, exit_code: int):
        super().__init__(message)
        self.exit_code = exit_code


@contextmanager
def stoppable(kept: Callable[[], str], work: Callable[[], Work]) -> Iterator[None]:
    """End a run and its workers together when it is stopped, or when one of its workers dies.

    Args:
        kept: what to say of finished work, asked when the run is over.
        work: what workers have to do.

    Raises:
        Stopped: a signal came, or a worker was killed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # signals are the main thread's
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
    # What is ignored (by nohup, or in the background of a script) remains so.
    caught = [n for n, do in before.items() if do in (signal.SIG_DFL, signal.default_int_handler)]
    try:
        with _children_end_with_us(), _children_watched(work, lambda: _of_worker(kept())):
            for number in caught:
                signal.signal(number, stop)
            yield
    except BaseException as error:
        # What comes out need not be the interrupt: closing a pool raises errors of its own.
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
    """Whether `datasets` has noticed it, or what workers talk through is gone."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, EOFError | ConnectionError) or "has abruptly died" in str(cause):
            return True
        cause = cause.__context__
    return False


@contextmanager
def _children_watched(work: Callable[[], Work], stopped: Callable[[], Stopped]) -> Iterator[None]:
    """End this process if a worker is gone before its time and nothing else comes of it.

    A pool waits for ever for a lock that a killed worker held.
    """
    is_over = threading.Event()

    def watch() -> None:
        seen: set[int] = set()
        while not is_over.wait(_SECONDS_BETWEEN_LOOKS):
            if work() is not Work.NONE:
                alive = {c.pid for c in psutil.Process().children() if c.status() != psutil.STATUS_ZOMBIE}
                if seen - alive and not is_over.wait(_SECONDS_TO_END):
                    # Workers whose rows are all scored may end by themselves; then their results are joined.
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
    """In a process that was just forked."""
    global _parent
    if _parent is None:
        return
    for number in _SIGNALS:
        # Of Ctrl-C the parent tells, and ends its workers by SIGTERM.
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != _parent:  # it was faster
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
