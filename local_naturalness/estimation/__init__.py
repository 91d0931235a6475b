"""Estimates of what scoring a dataset will cost."""

from local_naturalness.estimation.forecast import Estimate, estimate

__all__ = ["Estimate", "estimate"]
