"""Detects which operations of torch a model calls during a pass."""

from collections.abc import Callable, Set
from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

# Operations that draw random numbers.
DRAWING = frozenset(
    {
        *("rand", "rand_like", "uniform_"),
        *("randn", "randn_like", "normal", "normal_"),
        *("randint", "randint_like", "random_", "randperm"),
        *("bernoulli", "bernoulli_", "native_dropout", "rrelu_with_noise"),
        *("exponential_", "multinomial", "poisson"),
    }
)


class Calls(TorchDispatchMode):
    """A context in which calls of operations in this thread are noticed.

    Args:
        names: names of the operations.
        when: function of the result of a call that says whether the call counts.

    Attributes:
        seen: whether there was such a call.

    >>> import torch
    >>> with Calls(DRAWING) as draws:
    ...     _ = torch.zeros(2)
    >>> draws.seen
    False
    >>> with draws:
    ...     _ = torch.randn(2)
    >>> draws.seen
    True
    """

    def __init__(self, names: Set[str], when: Callable[[Any], bool] = lambda result: True) -> None:
        super().__init__()
        self._names = names
        self._when = when
        self.seen = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket.__name__ in self._names and self._when(result):
            self.seen = True
        return result
