"""What each criterion would choose, side by side."""

from local_naturalness.comparison.compare import compare_criteria
from local_naturalness.comparison.result import CriteriaComparison

__all__ = ["CriteriaComparison", "compare_criteria"]
