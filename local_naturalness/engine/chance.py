"""Whether a model draws random numbers while it computes."""

from typing import Any

from torch.utils._python_dispatch import TorchDispatchMode

_DRAWING = {
    "rand",
    "randn",
    "randint",
    "randperm",
    "bernoulli",
    "normal",
    "uniform_",
    "normal_",
    "multinomial",
}


class Draws(TorchDispatchMode):
    """Notices operations of this thread that draw random numbers.

    Attributes:
        seen: whether there was one.

    >>> import torch
    >>> with Draws() as draws:
    ...     _ = torch.zeros(2)
    >>> draws.seen
    False
    >>> with draws:
    ...     _ = torch.randn(2)
    >>> draws.seen
    True
    """

    def __init__(self) -> None:
        super().__init__()
        self.seen = False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.seen = self.seen or func.overloadpacket.__name__ in _DRAWING
        return func(*args, **(kwargs or {}))
