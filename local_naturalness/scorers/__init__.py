"""The callables for `dataset.map`."""

from local_naturalness.scorers.global_scorer import GlobalScorer
from local_naturalness.scorers.local_scorer import LocalScorer

__all__ = ["GlobalScorer", "LocalScorer"]
