"""Which response to each prompt."""

from local_naturalness.selection.record import read_record, write_record
from local_naturalness.selection.select import select_responses

__all__ = ["read_record", "select_responses", "write_record"]
