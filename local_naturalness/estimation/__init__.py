"""Estimates of what scoring a dataset will cost.

Names are loaded on first use: the command line reads the table of GPUs before it imports torch.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from local_naturalness.estimation.forecast import Estimate, estimate

__all__ = ["Estimate", "estimate"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from local_naturalness.estimation import forecast

    return getattr(forecast, name)
