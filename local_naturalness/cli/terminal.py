"""Progress bars and log messages on a terminal."""

import io
import logging
import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import TextIO

import datasets
from transformers.utils import logging as transformers_logging

from local_naturalness.cli.error_messages import in_options
from local_naturalness.visible import visible


def shows_bars() -> bool:
    """Whether to show progress bars: on a terminal, unless `HF_DATASETS_DISABLE_PROGRESS_BARS` is set."""
    forbidden = os.environ.get("HF_DATASETS_DISABLE_PROGRESS_BARS", "").upper() in {"1", "ON", "TRUE", "YES"}
    return sys.stderr.isatty() and not forbidden


def hide_progress_unless_watched() -> None:
    """Hide the bars of `datasets` and `transformers` unless standard error is a terminal."""
    if not shows_bars():
        datasets.disable_progress_bars()
        transformers_logging.disable_progress_bar()


@contextmanager
def no_bars_of_datasets() -> Iterator[None]:
    """Hide the bars of `datasets` during a `map` that has its own display."""
    were_disabled = datasets.are_progress_bars_disabled()
    datasets.disable_progress_bars()
    try:
        yield
    finally:
        if not were_disabled:
            datasets.enable_progress_bars()


class _OnTerminal(logging.Formatter):
    """Makes messages safe to print, and replaces names of arguments with names of command-line options."""

    def __init__(self, options: Collection[str]):
        super().__init__("%(message)s")
        self._options = options

    def format(self, record: logging.LogRecord) -> str:
        return in_options(visible(super().format(record)), self._options, with_value_only=True)


class VisibleStream(io.TextIOBase):
    """A stream that escapes control characters before it writes to a terminal."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write(visible(text))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def tell_what_is_logged(options: Collection[str]) -> None:
    """Show log messages on standard error, such as those about rows that were left out.

    Args:
        options: names of the options of the command, such as `--student`.
    """
    logger = logging.getLogger("local_naturalness")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(_OnTerminal(options))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    # Readers of `datasets` log a message before they raise an error. The error is enough.
    logging.getLogger("datasets.packaged_modules").setLevel(logging.CRITICAL)
    # A ranking prints its own warnings.
    logging.getLogger("local_naturalness.teachers").setLevel(logging.ERROR)
