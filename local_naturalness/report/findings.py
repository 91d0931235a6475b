"""Everything of the page that is not a trace: the verdict, charts, counts, where numbers come from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from markupsafe import Markup

from local_naturalness.comparison import CriteriaComparison
from local_naturalness.counted import counted
from local_naturalness.hub.safe_text import public_name, public_text
from local_naturalness.report import charts
from local_naturalness.report.chosen import few_rows
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.spec import read_spec
from local_naturalness.tables.html import table_html
from local_naturalness.teachers import TeacherRanking

_TEACHERS_DRAWN = 8
_ROWS_OF_A_CURVE = 120
_POINTS = 800
_PLACES = 10


def verdict(
    table: ScoredTable, ranking: TeacherRanking, comparison: CriteriaComparison
) -> tuple[str, list[str]]:
    """The paragraph, and what speaks for and against trusting it."""
    scored, total = int(np.isfinite(table.values).sum()), len(table.values)
    sign = table.criterion.sign
    sentences = []
    for number, group in enumerate(ranking.groups, start=1):
        first = group.table.iloc[0]
        prefix = f"Group {number}: " if len(ranking.groups) > 1 else ""
        if len(group.table) == 1:
            sentences.append(f"{prefix}{group.best} is the only teacher, so there is nothing to compare.")
            continue
        second = group.table.iloc[1]
        # The gap is the second's mean minus the first's: turned round, it is how far the first is ahead.
        ends = [-sign * second[name] for name in ("gap_low", "gap_high")]
        low, high = min(ends), max(ends)
        interval = f" (95 % interval {low:.4f} to {high:.4f})" if np.isfinite([low, high]).all() else ""
        sure = (
            f"; it is best in {first['p_best']:.0%} of bootstrap draws"
            if np.isfinite(first["p_best"])
            else ""
        )
        sentences.append(
            f"{prefix}By {ranking.criterion}, {group.best} comes first with a mean of {first['mean']:.4f}, "
            f"{abs(second['gap']):.4f}{interval} ahead of {second['teacher']}{sure}, over "
            f"{counted(group.num_prompts, 'prompt')}."
        )
    sentences.append(f"A score is there for {scored:,} of {counted(total, 'response')}.")
    against = [str(line) for group in ranking.groups for line in group.explained if not line.is_doubt]
    against += [*ranking.warnings, *ranking.notes]
    if table.other is not None and {table.criterion.name, table.other.name} <= set(comparison.overlap):
        share = float(comparison.overlap[table.other.name][table.criterion.name])
        against.append(f"{table.other.name} picks the same response for {share:.0%} of the prompts.")
    if not np.isfinite(table.tokens).any():
        against.append("The table does not tell lengths, so whether length explains the order is not known.")
    return cleaned(table, " ".join(sentences)), [cleaned(table, one) for one in against]


def cleaned(table: ScoredTable, sentence: str) -> str:
    """A sentence with teachers' names as they may be shown: no folders, tokens or controls."""
    for name, shown in zip(table.teachers, table.shown_names, strict=True):
        if shown != name and name:
            sentence = sentence.replace(name, shown)
    return sentence


def drawn_names(table: ScoredTable) -> list[str]:
    """The teachers of the charts, in the order of their colours."""
    return [table.shown_names[code] for code in _most_frequent(table)]


def drawings(table: ScoredTable) -> dict[str, Markup]:
    """The charts of the page, by name; those that nothing is known for are left out."""
    drawn, names = _most_frequent(table), drawn_names(table)
    known = np.isfinite(table.values)
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


def step_sample(table: ScoredTable) -> tuple[list[float], dict[str, np.ndarray]]:
    """Scores of steps of sampled responses, and by teacher the mean by place in the trace.

    Returns:
        All scores, and teacher -> shape [10], each response counting alike; both empty without steps.
    """
    name = f"step_scores{table.criterion.suffix}"
    scores: list[float] = []
    lines: dict[str, np.ndarray] = {}
    if name not in table.columns.names:
        return scores, lines
    generator = np.random.default_rng(0)
    for code in _most_frequent(table):
        rows = np.flatnonzero((table.teacher == code) & np.isfinite(table.values))
        rows = np.sort(generator.choice(rows, min(_ROWS_OF_A_CURVE, len(rows)), replace=False))
        of_rows = []
        for row in few_rows(table.dataset, rows, [name]):
            steps = np.array([np.nan if one is None else one for one in row[name] or []], dtype=float)
            scores += steps[np.isfinite(steps)].tolist()
            if len(steps) >= _PLACES:
                of_rows.append(means_by_place(steps))
        if of_rows:
            stacked = np.array(of_rows)
            count = np.isfinite(stacked).sum(axis=0)
            line = np.nansum(stacked, axis=0) / np.where(count, count, np.nan)
            lines[table.shown_names[code]] = line
    return scores, lines


def means_by_place(steps: np.ndarray) -> np.ndarray:
    """Mean of the steps in each tenth of a trace, NaN where none has a score.

    >>> means_by_place(np.array([-1.0, -3.0] + [-2.0] * 18)).tolist()[:2]
    [-2.0, -2.0]
    """
    place = _PLACES * np.arange(len(steps)) // len(steps)
    known = np.isfinite(steps)
    count = np.bincount(place[known], minlength=_PLACES)
    total = np.bincount(place[known], steps[known], minlength=_PLACES)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def unscored(table: ScoredTable) -> list[Markup]:
    """For each scorer, how many rows of each teacher have which status."""
    tables = []
    for name in table.columns.names:
        if not name.startswith(("local_naturalness_status", "global_naturalness_status")):
            continue
        codes, statuses = table.columns.labels(name)
        drawn = _most_frequent(table)
        counts = {
            table.shown_names[code]: np.bincount(
                codes[table.teacher == code] + 1, minlength=len(statuses) + 1
            )
            for code in drawn
        }
        total = np.bincount(codes + 1, minlength=len(statuses) + 1)
        frame = pd.DataFrame(
            {**counts, "all teachers": total}, index=["no status", *map(public_text, statuses)]
        )
        shown = frame[frame["all teachers"] > 0].map(lambda number: f"{number:,}")
        tables.append(table_html(shown, "status", name))
    return tables


def provenance(table: ScoredTable) -> list[tuple[str, str]]:
    """Name and value of everything that tells where the numbers come from, nothing private in it."""
    facts = []
    for name in table.columns.names:
        if name.startswith(("local_naturalness_spec", "global_naturalness_spec")):
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


def _most_frequent(table: ScoredTable) -> list[int]:
    """The teachers that are drawn, in the order in which the table has them."""
    known = np.isfinite(table.values) & (table.teacher >= 0)
    counts = np.bincount(table.teacher[known], minlength=len(table.teachers))
    most = np.argsort(-counts, kind="stable")[:_TEACHERS_DRAWN]
    return sorted(int(code) for code in most if counts[code])
