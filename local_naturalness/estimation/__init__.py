"""What scoring a dataset costs, before it is done."""

from local_naturalness.estimation.forecast import Estimate, estimate

__all__ = ["Estimate", "estimate"]
