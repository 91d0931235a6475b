"""Finished scores on disk: what has been computed once survives a crash and is not computed again."""

from local_naturalness.store.score_store import ScoreStore

__all__ = ["ScoreStore"]
