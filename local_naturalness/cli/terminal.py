"""What a person at a terminal sees besides the results."""

import logging
import os
import sys

import datasets
from transformers.utils import logging as transformers_logging


def hide_progress_unless_watched() -> None:
    """Progress bars only on a terminal, and not where `HF_DATASETS_DISABLE_PROGRESS_BARS` forbids them."""
    forbidden = os.environ.get("HF_DATASETS_DISABLE_PROGRESS_BARS", "").upper() in {"1", "ON", "TRUE", "YES"}
    if forbidden or not sys.stderr.isatty():
        datasets.disable_progress_bars()
        transformers_logging.disable_progress_bar()


def tell_what_is_logged() -> None:
    """Show what functions say of rows that were left out, on standard error."""
    logger = logging.getLogger("local_naturalness")
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    # A ranking prints its own warnings.
    logging.getLogger("local_naturalness.teachers").setLevel(logging.ERROR)
