"""Selecting responses to each prompt, and exporting them for trainers."""

from local_naturalness.selection.record import read_record, write_record
from local_naturalness.selection.select import select_responses
from local_naturalness.training import export

__all__ = ["export", "read_record", "select_responses", "write_record"]
