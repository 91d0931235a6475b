"""Scoring on a cluster with Ray Data (needs the extra `ray`)."""

from local_naturalness.ray.score import score

__all__ = ["score"]
