"""The scorer as a metric of `evaluate`; this folder is also what a Space on the Hub needs to serve it."""

from pathlib import Path

from local_naturalness.metric.naturalness import LocalNaturalness

__all__ = ["LocalNaturalness", "metric_path"]


def metric_path() -> str:
    """Folder that `evaluate.load` takes; nothing is downloaded.

    >>> import evaluate
    >>> evaluate.load(metric_path()).name
    'local_naturalness'
    """
    return str(Path(__file__).parent)
