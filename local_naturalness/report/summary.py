"""A summary of a selection for a notebook or a terminal."""

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd
from datasets import Dataset

from local_naturalness.counted import counted
from local_naturalness.hub.redaction import public_text
from local_naturalness.selection.record import read_record
from local_naturalness.tables.html import list_html, table_html
from local_naturalness.tables.text import number_text, table_text, terminal_width, wrapped
from local_naturalness.visible import visible

_TRAITS = {"accuracy": "Right answers", "repeated_step_share": "Tokens in repeated steps"}


@dataclass(frozen=True)
class SelectionSummary:
    """What `select_responses` chose, and from what. A notebook shows it as a table.

    Args:
        sentences: The criterion, the number of chosen responses, and why the others were not chosen.
        teachers: Each teacher's share before and after, as texts. Empty if the table has no teachers.
    """

    sentences: list[str]
    teachers: pd.DataFrame

    def __str__(self) -> str:
        width = terminal_width()
        blocks = [wrapped(sentence, width) for sentence in self.sentences]
        if len(self.teachers):
            blocks += ["", table_text(self.teachers, width)]
        return visible("\n".join(blocks))

    def _repr_html_(self) -> str:
        table = table_html(self.teachers, "teacher") if len(self.teachers) else ""
        return f"{list_html(self.sentences)}{table}"


def summarize_selection(selection: Dataset) -> SelectionSummary:
    """Summarise a selection: how many responses were chosen, by which criterion, and from which teachers.

    Args:
        selection: The `Dataset` that `select_responses` returned.

    Raises:
        ValueError: The dataset has no record of a selection, because it is a stream or was read from a format
            that keeps columns only, such as Parquet.

    Example:

    >>> from datasets import Dataset
    >>> from local_naturalness import select_responses
    >>> from local_naturalness.report import summarize_selection
    >>> scored = Dataset.from_dict({
    ...     "prompt": ["p", "p"], "teacher": ["a", "b"], "local_naturalness": [-0.9, -0.4],
    ... })
    >>> print(summarize_selection(select_responses(scored)))
    Chosen by local_naturalness: 1 of 2 responses, for 1 of 1 prompt.
    Not chosen: 1 not_in_top_k.
    <BLANKLINE>
      of the candidates of the selection
    a             50.0%             0.0%
    b             50.0%           100.0%
    """
    record = read_record(selection)
    if record is None or "rows" not in record:
        raise ValueError(
            "This dataset has no record of how it was selected. Pass the `Dataset` that `select_responses` "
            "returned: Parquet and JSON files keep the columns only."
        )
    before, after = record.get("teacher_shares_before") or {}, record.get("teacher_shares_after") or {}
    # Earlier versions recorded the largest shares of each alone.
    shares = {
        told: [number_text(some.get(name, math.nan), 1, as_share=True) for name in before]
        for told, some in (("of the candidates", before), ("of the selection", after))
    }
    return SelectionSummary(_sentences(record), pd.DataFrame(shares, index=list(map(public_text, before))))


def _sentences(record: dict[str, Any]) -> list[str]:
    by = record["by"]
    named = by if isinstance(by, str) else " + ".join(f"{weight} x {name}" for name, weight in by.items())
    told = [
        f"Chosen by {public_text(named)}: {record['selected']:,} of {counted(record['rows'], 'response')}, "
        f"for {record['prompts_selected']:,} of {counted(record['prompts'], 'prompt')}."
    ]
    if record.get("where"):
        told.append(f"Candidates: where {public_text(record['where'])}.")
    rejected = [f"{number:,} {public_text(name)}" for name, number in record["rejected"].items()]
    if rejected:
        told.append(f"Not chosen: {', '.join(rejected)}.")
    for trait, name in _TRAITS.items():
        means = record.get("traits", {}).get(trait, {})
        if means.get("before") is not None and means.get("after") is not None:
            told.append(
                f"{name}: {means['after']:.1%} of the selection, {means['before']:.1%} of the candidates."
            )
    return told
