"""A lock for each model: its passes take turns, because each of them plans with all free memory."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_turns: "weakref.WeakKeyDictionary[torch.nn.Module, threading.Lock]" = weakref.WeakKeyDictionary()
# Threads do not survive a fork, so a lock that one of them held would never be released in the worker.
os.register_at_fork(after_in_child=_turns.clear)


@contextmanager
def turn(model: torch.nn.Module) -> Iterator[None]:
    """Wait until no other thread scores with this model, whichever scorer it uses."""
    with _turns.setdefault(model, threading.Lock()):
        yield
