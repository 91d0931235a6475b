"""Scoring on a cluster with Ray Data. Needs the extra `ray`."""

from local_naturalness.ray.score import score

__all__ = ["score"]
