"""Figures without a display; matplotlib comes with the extra `plots`."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from local_naturalness.store.atomic_files import write_whole


def new_figure(
    rows: int, height: float, height_ratios: Sequence[float] | None = None, width: float = 7
) -> tuple[Any, list[Any]]:
    """An empty figure of stacked panels.

    Args:
        rows: How many panels.
        height: Of the figure, inches.
        height_ratios: Of the panels.
        width: Of the figure, inches.

    Returns:
        The matplotlib figure and its panels.

    Raises:
        ImportError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError(
            "Plots need matplotlib, which is not installed: `pip install 'local_naturalness[plots]'`."
        ) from error
    # `Figure` rather than `pyplot`: no global state and no window system.
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(rows, squeeze=False, height_ratios=height_ratios)
    return figure, [panel for (panel,) in panels]


def save_figure(figure: Any, path: Path) -> Path:
    """Write a figure in the format that the extension of a path names, PNG if there is none."""
    content = io.BytesIO()
    figure.savefig(content, format=path.suffix[1:] or "png")
    write_whole(path, content.getvalue())
    return path
