"""Finished scores on disk, which survive a crash and are not computed again."""

from local_naturalness.store.score_store import ScoreStore

__all__ = ["ScoreStore"]
