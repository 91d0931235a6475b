"""The scorer as a metric of `evaluate`. This folder also has everything for a Space on the Hub."""

from pathlib import Path

from local_naturalness.metric.naturalness import LocalNaturalness

__all__ = ["LocalNaturalness", "metric_path"]


def metric_path() -> str:
    """The folder to pass to `evaluate.load`. Nothing is downloaded.

    >>> import evaluate
    >>> evaluate.load(metric_path()).name
    'local_naturalness'
    """
    return str(Path(__file__).parent)
