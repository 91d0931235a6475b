"""A comparison of criteria as text for a terminal, as Markdown, and as plain data."""

from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from local_naturalness.tables.html import list_html, table_html
from local_naturalness.tables.json_values import plain_number
from local_naturalness.tables.text import (
    decimals_for,
    list_markdown,
    number_text,
    table_markdown,
    table_text,
    wrapped,
)

if TYPE_CHECKING:
    from local_naturalness.comparison.result import CriteriaComparison

_SHARES = ("accuracy", "repeated_step_share")
_TEACHERS_SHOWN = 12
_COUNTS = ("num_prompts", "num_teachers")


def comparison_text(comparison: "CriteriaComparison", width: int) -> str:
    """The comparison for a terminal of some width."""
    blocks = []
    for title, frame, _ in shown_tables(comparison):
        blocks += [wrapped(title, width), table_text(frame, width), ""]
    blocks += [wrapped(f"Note: {note}", width) for note in comparison.notes]
    return "\n".join(blocks).rstrip("\n")


def comparison_markdown(comparison: "CriteriaComparison") -> str:
    """The same in Markdown."""
    blocks = []
    for title, frame, first in shown_tables(comparison):
        blocks += [f"### {title}", table_markdown(frame, first)]
    if comparison.notes:
        blocks.append(list_markdown(f"Note: {note}" for note in comparison.notes))
    return "\n\n".join(blocks)


def comparison_html(comparison: "CriteriaComparison") -> str:
    """The same for a notebook."""
    tables = [table_html(frame, first, title) for title, frame, first in shown_tables(comparison)]
    return Markup("\n").join([*tables, list_html(f"Note: {note}" for note in comparison.notes)])


def comparison_dict(comparison: "CriteriaComparison") -> dict[str, Any]:
    """Everything as plain data that JSON can hold; `None` for unknown values."""
    square = {
        "tau": comparison.tau,
        "overlap": comparison.overlap,
        "teacher_shares": comparison.teacher_shares,
    }
    if comparison.teacher_means is not None:
        square["teacher_means"] = comparison.teacher_means
    return {
        "picks": [
            {name: plain_number(value) for name, value in row.items()}
            for row in comparison.picks.to_dict("records")
        ],
        **{
            name: {
                str(index): {str(column): plain_number(value) for column, value in row.items()}
                for index, row in frame.to_dict("index").items()
            }
            for name, frame in square.items()
        },
        "notes": list(comparison.notes),
    }


def shown_tables(comparison: "CriteriaComparison") -> list[tuple[str, pd.DataFrame, str]]:
    """Title, table of texts and what its rows are."""
    picks = comparison.picks.set_index("criterion")
    shown: dict[str, list[str]] = {}
    for name in map(str, picks):
        if name == "direction":
            shown[name] = picks[name].astype(str).tolist()
        else:
            largest = float(picks[name].abs().max())
            places = 0 if name in _COUNTS else min(decimals_for(largest), 3)
            shown[name] = [number_text(float(value), places, name in _SHARES) for value in picks[name]]
    texts = pd.DataFrame(shown, index=picks.index.tolist())
    return [
        ("What each criterion picks (one response per prompt)", texts, "criterion"),
        (
            "Share of picks by teacher",
            _formatted(_largest(comparison.teacher_shares), as_share=True),
            "criterion",
        ),
        ("Kendall's tau within prompts", _numbered(comparison.tau), "criterion"),
        ("Share of prompts with the same pick", _numbered(comparison.overlap, as_share=True), "criterion"),
    ]


def _formatted(frame: pd.DataFrame, as_share: bool = False) -> pd.DataFrame:
    return frame.map(lambda value: number_text(float(value), 2, as_share)).astype(object)


def _largest(shares: pd.DataFrame) -> pd.DataFrame:
    """The teachers that are picked most, and the others together."""
    if shares.shape[1] <= _TEACHERS_SHOWN:
        return shares
    chosen = shares.max().nlargest(_TEACHERS_SHOWN).index
    shown = shares[[name for name in shares if name in chosen]]
    others = shares.shape[1] - _TEACHERS_SHOWN
    return shown.assign(**{f"{others} others": shares.sum(axis=1) - shown.sum(axis=1)})


def _numbered(frame: pd.DataFrame, as_share: bool = False) -> pd.DataFrame:
    """A square table with numbers above its columns: names there would make it too wide to read."""
    shown = _formatted(frame, as_share)
    shown.columns = pd.Index([f"({number})" for number in range(1, len(frame) + 1)])
    shown.index = pd.Index([f"({number}) {name}" for number, name in enumerate(frame.index, start=1)])
    return shown
