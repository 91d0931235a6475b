"""Reading tables from files, folders, saved datasets and the Hub."""

from local_naturalness.inputs.table import read_table

__all__ = ["read_table"]
