"""The verdict in words, and reasons to trust or doubt it."""

from collections.abc import Sequence

import numpy as np

from local_naturalness.comparison import CriteriaComparison
from local_naturalness.counted import counted
from local_naturalness.listed import listed
from local_naturalness.report.length import Wins, WinsByLength
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.teachers import TeacherRanking
from local_naturalness.teachers.bootstrap_interval import FEWEST_PROMPTS
from local_naturalness.teachers.explained_gap import explained_sentences
from local_naturalness.teachers.result import TeacherGroup
from local_naturalness.teachers.text import NO_NAME

# Teachers that share no prompt are in as many groups.
_GROUPS_TOLD = 4
_NAMES_TOLD = 8


def verdict(table: ScoredTable, ranking: TeacherRanking, num_groups: int) -> list[str]:
    """Which teacher comes first, group by group, and how many responses have a score."""
    told = [
        (f"Group {number}: " if num_groups > 1 else "") + _first(table, ranking.criterion, group)
        for number, group in enumerate(ranking.groups[:_GROUPS_TOLD], start=1)
    ]
    if num_groups > _GROUPS_TOLD:
        more = counted(num_groups - _GROUPS_TOLD, "more group")
        told.append(f"There are {more} of teachers that share no prompt with these.")
    scored, total = int(table.is_scored.sum()), int(table.is_counted.sum())
    have = "has" if total == 1 else "have"
    last = f"{scored:,} of {counted(total, 'response')} {have} a score."
    if table.counted.passes is not None:
        passing = "passes" if total == 1 else "pass"
        last = f"{scored:,} of the {counted(total, 'response')} that {passing} `where` {have} a score."
    told = [f"{told[0]} {last}"] if len(told) == 1 else [*told, last]
    return [cleaned(table, one) for one in told]


def _first(table: ScoredTable, criterion: str, group: TeacherGroup) -> str:
    best, *others = (name or NO_NAME for name in group.teachers)
    if not others:
        return f"{best} is the only teacher, so there is nothing to compare."
    first, second = group.table.iloc[0], group.table.iloc[1]
    if len(group.tied) > 1:
        return (
            f"By {criterion}, {_some(group.tied)} have the same mean, {first['mean']:.4f}, "
            f"so {'neither' if len(group.tied) == 2 else 'none'} of them comes first."
        )
    ahead = f"{abs(second['gap']):.4f}"
    if once := [name or NO_NAME for name in group.teachers[:2] if name in group.compared_once]:
        return (
            f"By {criterion}, it is not known which teacher comes first: {best} has the best mean, "
            f"{first['mean']:.4f}, {ahead} ahead of {others[0]}, but a single prompt compares "
            f"{'them' if len(once) == 2 else f'{once[0]} with other teachers'}."
        )
    # The gap is the second's mean minus the first's: turned round, it is how far the first is ahead.
    ends = [-table.criterion.sign * second[name] for name in ("gap_low", "gap_high")]
    low, high = min(ends), max(ends)
    interval = " (no interval)"
    over = f"over {counted(group.num_prompts, 'prompt')}"
    if group.num_compared_prompts < FEWEST_PROMPTS:
        over = (
            f"over only {counted(group.num_compared_prompts, 'prompt')} that compare teachers, too few to "
            "rely on"
        )
    if np.isfinite([low, high]).all():
        interval = f" (95 % interval {low:.4f} to {high:.4f})"
    sure = f"; P(best) is {first['p_best']:.3f}" if np.isfinite(first["p_best"]) else ""
    return (
        f"By {criterion}, {best} comes first with a mean of {first['mean']:.4f}, "
        f"{ahead}{interval} ahead of {others[0]}{sure}, {over}."
        f"{_rivals(group)}"
    )


def _rivals(group: TeacherGroup) -> str:
    """The teachers that may be ahead of the first one."""
    if not group.rivals:
        return ""
    contain = "interval of its gap contains" if len(group.rivals) == 1 else "intervals of their gaps contain"
    return f" With other prompts, {_some(group.rivals, 'or')} may come first: the {contain} 0."


def _some(teachers: Sequence[str], last: str = "and") -> str:
    return listed([name or NO_NAME for name in teachers], last, at_most=_NAMES_TOLD)


def doubts(
    table: ScoredTable, ranking: TeacherRanking, comparison: CriteriaComparison, wins: WinsByLength
) -> list[str]:
    """Reasons to doubt the verdict, group by group."""
    told: list[str] = []
    has_lengths = bool(np.isfinite(table.tokens).any())
    for group in ranking.groups[:_GROUPS_TOLD]:
        told += group.warnings
        if has_lengths and len(group.table) > 1:
            told.append(_natural_or_short(table, group, wins))
        told += explained_sentences(group.explained)
    told += ranking.notes
    if table.other is not None and {table.criterion.name, table.other.name} <= set(comparison.overlap):
        share = float(comparison.overlap[table.other.name][table.criterion.name])
        told.append(f"{table.other.name} picks the same response for {share:.0%} of the prompts.")
    if not has_lengths:
        told.append("The table has no lengths, so it is not known whether length explains the order.")
    return [cleaned(table, one) for one in told]


def _natural_or_short(table: ScoredTable, group: TeacherGroup, wins: WinsByLength) -> str:
    first, lengths = table.teachers.index(group.best), group.table["mean_tokens"]
    others = (group.teachers[1] or NO_NAME) if len(lengths) == 2 else "the others"
    low, high = f"{lengths.iloc[1:].min():,.0f}", f"{lengths.iloc[1:].max():,.0f}"
    wrote = (
        f"Natural or short? {group.best or NO_NAME} writes {lengths.iloc[0]:,.0f} tokens on average, "
        f"{others} {low if low == high else f'{low} to {high}'}."
    )
    shorter, longer = wins.over_shorter, wins.over_longer
    if shorter.compared[first] and longer.compared[first]:
        return (
            f"{wrote} On the same prompt, it wins {_of(shorter, first)} with shorter responses and "
            f"{_of(longer, first)} with longer ones. A teacher that leads only because it is short beats "
            "longer responses and loses to shorter ones."
        )
    if shorter.compared[first]:
        return (
            f"{wrote} It never has the shorter response to a prompt, so it does not lead because it is short."
        )
    if longer.compared[first]:
        return (
            f"{wrote} It always has the shorter response to a prompt, so these responses cannot show whether "
            "it leads because it is short."
        )
    return f"{wrote} No other response to the same prompt is known to be shorter or longer."


def _of(wins: Wins, teacher: int) -> str:
    return f"{wins.share(teacher):.0%} of {counted(int(wins.compared[teacher]), 'comparison')}"


def cleaned(table: ScoredTable, sentence: str) -> str:
    """A sentence with teachers' names without folders, access tokens and control characters."""
    for name, shown in zip(table.teachers, table.shown_names, strict=True):
        if shown != name and name:
            sentence = sentence.replace(name, shown)
    return sentence
