"""The report: a page that shows which teacher and which responses were chosen, and why."""

from local_naturalness.report.summary import SelectionSummary, summarize_selection
from local_naturalness.report.write import write_report

__all__ = ["SelectionSummary", "summarize_selection", "write_report"]
