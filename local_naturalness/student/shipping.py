"""Two pickles of a scorer or student: a small one to be hashed, and a whole one for worker processes.

`datasets` hashes the pickled callable on every `map`, and sends it pickled to worker processes. The two
want different things: a hash must not depend on the machine (device, batch budget) nor read gigabytes of
weights, a worker needs all of it. Which of the two is asked for shows in the pickler. `multiprocess` sends
through `ForkingPickler`, where the second form is registered; Ray, joblib and Spark send through copies of
`cloudpickle` of their own, which may be imported later than this and are therefore known by their name.
"""

import sys
from abc import ABC, abstractmethod
from typing import Any

from multiprocess.reduction import ForkingPickler


class Shipped(ABC):
    """Base of objects with a small state to be hashed (`__getstate__`) and a whole one for workers."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        ForkingPickler.register(cls, _reduce_for_worker)

    @abstractmethod
    def worker_state(self) -> dict[str, Any]:
        """State that lets a worker process of `multiprocess` go on as this process would."""

    def far_state(self) -> dict[str, Any]:
        """State for a process that shares no memory with this one, as `cloudpickle` sends it."""
        return self.worker_state()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __reduce_ex__(self, protocol: Any) -> Any:
        # The innermost Python frame is the pickler's, also where the pickler itself is written in C.
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if "cloudpickle" in caller.split("."):
            return _rebuild, (type(self), self.far_state())
        return super().__reduce_ex__(protocol)


def _reduce_for_worker(shipped: Shipped) -> tuple[Any, ...]:
    return _rebuild, (type(shipped), shipped.worker_state())


def _rebuild(cls: type[Shipped], state: dict[str, Any]) -> Shipped:
    shipped = cls.__new__(cls)
    shipped.__setstate__(state)
    return shipped
