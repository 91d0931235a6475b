"""The engine: windows to statistics of their scored tokens."""

from local_naturalness.engine.engine import Engine

__all__ = ["Engine"]
