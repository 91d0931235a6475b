"""Windows to statistics of their scored tokens, exactly and without computing anything twice."""

from local_naturalness.engine.engine import Engine

__all__ = ["Engine"]
