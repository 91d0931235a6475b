"""Comparing criteria: how far they agree, and what each would choose."""

from local_naturalness.comparison.compare import compare_criteria
from local_naturalness.comparison.result import CriteriaComparison

__all__ = ["CriteriaComparison", "compare_criteria"]
