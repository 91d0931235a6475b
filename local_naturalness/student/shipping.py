"""Pickle small to be hashed, whole to be sent to a worker.

`datasets` hashes the pickled callable on every `map`, and sends it pickled to worker processes. The two
want different things: a hash must not depend on the machine (device, batch budget) nor read gigabytes of
weights, a worker needs all of it. Only sending goes through `ForkingPickler`, so that is where the second
form is registered.
"""

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
        """State that lets a worker process go on as this process would."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def _reduce_for_worker(shipped: Shipped) -> tuple[Any, ...]:
    return _rebuild, (type(shipped), shipped.worker_state())


def _rebuild(cls: type[Shipped], state: dict[str, Any]) -> Shipped:
    shipped = cls.__new__(cls)
    shipped.__setstate__(state)
    return shipped
