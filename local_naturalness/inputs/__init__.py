"""Reading the tables that people have: files, folders, saved datasets, the Hub."""

from local_naturalness.inputs.table import read_table

__all__ = ["read_table"]
