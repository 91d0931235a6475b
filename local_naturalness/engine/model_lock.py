"""Passes of one model take turns: each plans with all the memory that is free."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

import torch

_turns: "weakref.WeakKeyDictionary[torch.nn.Module, threading.Lock]" = weakref.WeakKeyDictionary()
# In a forked worker the threads that would give their turns back do not exist.
os.register_at_fork(after_in_child=_turns.clear)


@contextmanager
def turn(model: torch.nn.Module) -> Iterator[None]:
    """Wait until no other thread scores with this model, whichever scorer it uses."""
    with _turns.setdefault(model, threading.Lock()):
        yield
