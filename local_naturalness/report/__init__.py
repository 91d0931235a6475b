"""A page that shows which teacher, which answer, and why."""

from local_naturalness.report.write import write_report

__all__ = ["write_report"]
