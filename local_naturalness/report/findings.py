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
from local_naturalness.report.length import Wins, WinsByLength
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.spec import read_spec
from local_naturalness.tables.html import table_html
from local_naturalness.teachers import TeacherRanking

_TEACHERS_DRAWN = 8
_POINTS = 800


def verdict(
    table: ScoredTable, ranking: TeacherRanking, comparison: CriteriaComparison
) -> tuple[str, list[str]]:
    """The paragraph, and what speaks for and against trusting it."""
    scored, total = int(np.isfinite(table.values).sum()), len(table.values)
    sign = table.criterion.sign
    sentences: list[str] = []
    undecided: list[str] = []
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
        is_known = np.isfinite([low, high]).all()
        interval = f" (95 % interval {low:.4f} to {high:.4f})" if is_known else ""
        if is_known and low <= 0:
            undecided.append(
                f"The interval of the distance between {group.best} and {second['teacher']} holds 0: other "
                "prompts may turn the two round."
            )
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
    against = [*undecided]
    against += [str(line) for group in ranking.groups for line in group.explained if not line.is_doubt]
    against += [*ranking.warnings, *ranking.notes]
    if table.other is not None and {table.criterion.name, table.other.name} <= set(comparison.overlap):
        share = float(comparison.overlap[table.other.name][table.criterion.name])
        against.append(f"{table.other.name} picks the same response for {share:.0%} of the prompts.")
    if not np.isfinite(table.tokens).any():
        against.append("The table does not tell lengths, so whether length explains the order is not known.")
    return cleaned(table, " ".join(sentences)), [cleaned(table, one) for one in against]


def length_sentences(table: ScoredTable, ranking: TeacherRanking, wins: WinsByLength) -> list[str]:
    """Whether the first teacher of each group is ahead of shorter and of longer answers."""
    told = []
    for group in ranking.groups:
        first = table.teachers.index(group.best)
        if len(group.table) < 2 or not np.isfinite(table.tokens).any():
            continue
        lengths = group.table["mean_tokens"]
        told.append(
            f"Natural or short? {group.best} writes {lengths.iloc[0]:,.0f} tokens on average, the others "
            f"{lengths.iloc[1:].min():,.0f} to {lengths.iloc[1:].max():,.0f}. On the same prompt it wins "
            f"{_of(wins.over_shorter, first)} with shorter responses and {_of(wins.over_longer, first)} "
            "with longer ones: who is ahead by being short wins the latter alone."
        )
    return [cleaned(table, one) for one in told]


def _of(wins: Wins, teacher: int) -> str:
    number = int(wins.compared[teacher])
    return f"{wins.share(teacher):.0%} of {counted(number, 'comparison')}" if number else "no comparison"


def cleaned(table: ScoredTable, sentence: str) -> str:
    """A sentence with teachers' names as they may be shown: no folders, tokens or controls."""
    for name, shown in zip(table.teachers, table.shown_names, strict=True):
        if shown != name and name:
            sentence = sentence.replace(name, shown)
    return sentence


def drawn_names(table: ScoredTable) -> list[str]:
    """The teachers of the charts, in the order of their colours."""
    return [table.shown_names[code] for code in most_frequent(table)]


def drawings(table: ScoredTable) -> dict[str, Markup]:
    """The charts of the page, by name; those that nothing is known for are left out."""
    drawn, names = most_frequent(table), drawn_names(table)
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


def unscored(table: ScoredTable) -> list[Markup]:
    """For each scorer, how many rows of each teacher have which status."""
    tables = []
    for name in table.columns.names:
        if not name.startswith(("local_naturalness_status", "global_naturalness_status")):
            continue
        codes, statuses = table.columns.labels(name)
        drawn = most_frequent(table)
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


def most_frequent(table: ScoredTable) -> list[int]:
    """The teachers that are drawn, in the order in which the table has them."""
    known = np.isfinite(table.values) & (table.teacher >= 0)
    counts = np.bincount(table.teacher[known], minlength=len(table.teachers))
    most = np.argsort(-counts, kind="stable")[:_TEACHERS_DRAWN]
    return sorted(int(code) for code in most if counts[code])
