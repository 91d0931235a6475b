"""The module that `evaluate.load` imports. Its loader reads imports line by line: one name on each."""

from local_naturalness import LocalNaturalness

__all__ = ["LocalNaturalness"]
