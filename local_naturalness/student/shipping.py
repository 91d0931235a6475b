"""Two pickles of a scorer or student: a small one to be hashed, and a whole one for worker processes.

`datasets` hashes the pickled callable at every `map`, and sends it pickled to worker processes. These need
different pickles. A hash must not depend on the machine (device, batch budget) and must not read gigabytes of
weights. A worker needs all of this. The pickler shows which pickle is needed. `multiprocess` and Python's own
`multiprocessing` use a `ForkingPickler`, where the second form is registered. Ray, joblib and Spark use their
own copies of `cloudpickle`. These may be imported later than this module, so they are recognised by name.
"""

import sys
from abc import ABC, abstractmethod
from multiprocessing.reduction import ForkingPickler as StandardForkingPickler
from typing import Any

from multiprocess.reduction import ForkingPickler


class Shipped(ABC):
    """Base class of objects with a small state for hashing (`__getstate__`) and a whole state for workers."""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        ForkingPickler.register(cls, _reduce_for_worker)
        StandardForkingPickler.register(cls, _reduce_for_far)

    @abstractmethod
    def worker_state(self) -> dict[str, Any]:
        """State with which a worker process of `multiprocess` can continue as this process would."""

    def far_state(self) -> dict[str, Any]:
        """State for a process that may share no memory with this one: of `cloudpickle`, `multiprocessing`."""
        return self.worker_state()

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def __reduce_ex__(self, protocol: Any) -> Any:
        # The innermost Python frame belongs to the pickler's module, even if the pickler is written in C.
        caller = sys._getframe(1).f_globals.get("__name__", "")
        if "cloudpickle" in caller.split("."):
            return _rebuild, (type(self), self.far_state())
        return super().__reduce_ex__(protocol)


def _reduce_for_worker(shipped: Shipped) -> tuple[Any, ...]:
    return _rebuild, (type(shipped), shipped.worker_state())


def _reduce_for_far(shipped: Shipped) -> tuple[Any, ...]:
    return _rebuild, (type(shipped), shipped.far_state())


def _rebuild(cls: type[Shipped], state: dict[str, Any]) -> Shipped:
    shipped = cls.__new__(cls)
    shipped.__setstate__(state)
    return shipped
