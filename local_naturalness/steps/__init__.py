"""Text to steps: contiguous pieces of a response whose concatenation is the response.

``split_steps`` is the public entry. ``Splitter`` and ``resolve_splitter`` serve the scorers, which
need the spans and a name for each way of splitting.
"""

from local_naturalness.steps.alignment import align_steps
from local_naturalness.steps.splitter import Splitter, resolve_splitter, split_steps

__all__ = ["Splitter", "align_steps", "resolve_splitter", "split_steps"]
