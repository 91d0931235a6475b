"""The charts, the counts of unscored rows, and the provenance of the numbers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from local_naturalness.criteria.known import spec_columns
from local_naturalness.hub.redaction import public_name, public_text
from local_naturalness.report import charts
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.spec import read_spec
from local_naturalness.tables.html import table_html

_TEACHERS_DRAWN = 8
_POINTS = 800


def drawn_names(table: ScoredTable) -> list[str]:
    """The teachers of the charts, in the order of their colours."""
    return [table.shown_names[code] for code in most_frequent(table)]


def drawings(table: ScoredTable) -> dict[str, Markup]:
    """The charts of the page by name, if the table has the numbers for them."""
    drawn, names = most_frequent(table), drawn_names(table)
    known = table.is_scored
    found = {"key": charts.key(names)}
    by_teacher = {
        name: table.values[known & (table.teacher == code)] for name, code in zip(names, drawn, strict=True)
    }
    unit = table.criterion.unit or table.criterion.name
    found["distribution"] = charts.distribution(by_teacher, unit)
    place_of = np.full(len(table.teachers) + 1, -1)
    place_of[drawn] = np.arange(len(drawn))
    generator = np.random.default_rng(0)
    rows = np.flatnonzero(known & np.isfinite(table.tokens) & (place_of[table.teacher] >= 0))
    if len(rows):
        rows = generator.choice(rows, min(_POINTS, len(rows)), replace=False)
        codes = place_of[table.teacher[rows]]
        found["length"] = charts.scatter(
            table.tokens[rows], table.values[rows], codes, table.criterion.name, "tokens of the response"
        )
    return found


def unscored(table: ScoredTable) -> list[Markup]:
    """For each scorer, the number of counted rows by teacher and status."""
    tables = []
    counts_here = table.is_counted
    for name in table.columns.names:
        if not name.startswith(("local_naturalness_status", "global_naturalness_status")):
            continue
        codes, statuses = table.columns.labels(name)
        drawn = most_frequent(table)
        counts = {
            table.shown_names[code]: np.bincount(
                codes[counts_here & (table.teacher == code)] + 1, minlength=len(statuses) + 1
            )
            for code in drawn
        }
        columns = {
            **counts,
            "all teachers": np.bincount(codes[counts_here] + 1, minlength=len(statuses) + 1),
        }
        if table.counted.passes is not None:
            columns["do not pass where"] = np.bincount(codes[~counts_here] + 1, minlength=len(statuses) + 1)
        frame = pd.DataFrame(columns, index=["no status", *map(public_text, statuses)])
        shown = frame[(frame > 0).any(axis=1)].map(lambda number: f"{number:,}")
        tables.append(table_html(shown, "status", name))
    return tables


def provenance(table: ScoredTable) -> list[tuple[str, str]]:
    """Name and value of everything that says where the numbers come from, without private data."""
    facts = []
    for name in spec_columns(table.columns.names):
        for spec in table.columns.distinct(name, 3):
            for key, value in read_spec(spec).items():
                shown = public_name(value) if key == "student" else public_text(value)
                facts.append((f"{name}: {key}", shown))
    facts += [(f"selection: {key}", shown) for key, shown in _flat(table.record)]
    return facts


def _flat(record: Mapping[str, Any], inside: str = "") -> list[tuple[str, str]]:
    facts = []
    for key, value in record.items():
        name = f"{inside}{public_text(key)}"
        if isinstance(value, Mapping):
            facts += _flat(value, f"{name}: ")
        elif inside.startswith("specs"):
            told = "; ".join(public_text(part) for part in str(value).split("; "))
            facts.append((name, told))
        else:
            facts.append((name, public_text(value)))
    return facts


def most_frequent(table: ScoredTable) -> list[int]:
    """The teachers that are drawn, in the order in which the table has them."""
    known = table.is_scored & (table.teacher >= 0)
    counts = np.bincount(table.teacher[known], minlength=len(table.teachers))
    most = np.argsort(-counts, kind="stable")[:_TEACHERS_DRAWN]
    return sorted(int(code) for code in most if counts[code])
