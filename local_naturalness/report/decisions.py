"""Sampled prompts with their candidates, as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from datasets import Dataset
from markupsafe import Markup

from local_naturalness.counted import counted
from local_naturalness.report import charts
from local_naturalness.report.chosen import chosen_rows, why_not
from local_naturalness.report.parting import Added, Parting
from local_naturalness.report.prompts_shown import sampled_prompts
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.report.steps import Step, steps_of
from local_naturalness.report.texts import TextColumns, Texts, few_rows
from local_naturalness.report.tint import Tints
from local_naturalness.report.traces import trace_html, without_middle
from local_naturalness.report.views import View, view_of
from local_naturalness.tables.html import table_html, text_html

_CANDIDATES_SHOWN = 6
_BYTES_OF_TRACES = 2_500_000
_MOST_BYTES = 4_000_000
_LONGEST_PROMPT = 1_500
_LONGEST_PLAIN_TEXT = 10_000


@dataclass(frozen=True)
class Candidate:
    """One response to a prompt.

    Args:
        teacher: As shown.
        facts: Short texts: scores, length, verdict.
        is_chosen: Whether it was chosen.
        reason: Why it was not chosen; empty if it was.
        trace: Its text, coloured if the table has scores of steps.
    """

    teacher: str
    facts: list[str]
    is_chosen: bool
    reason: str
    trace: Markup


@dataclass(frozen=True)
class Decision:
    """A prompt, its candidates (best first), and sentences about the choice.

    Args:
        kind: Why this prompt is shown.
        prompt: Its text.
        sentences: Sentences about the choice.
        parting: Where in the traces the lead of one candidate over another arises; empty if not known.
        candidates: The chosen ones first.
        num_hidden: Candidates that are not shown.
    """

    kind: str
    prompt: str
    sentences: list[str]
    parting: Markup
    candidates: list[Candidate]
    num_hidden: int

    @property
    def num_bytes(self) -> int:
        """Approximate size on the page."""
        texts = [self.prompt, self.parting, *(one.trace for one in self.candidates)]
        return sum(len(text.encode("utf-8", "replace")) for text in texts) + 700 * len(self.candidates)


def decisions(
    table: ScoredTable, selection: Dataset | None, texts: TextColumns, tints: Tints, rows: int
) -> tuple[list[Decision], str]:
    """Prompts of all kinds, with at most `rows` candidates in total, and a sentence about those that are not
    shown.

    Args:
        table: All rows.
        selection: What was selected; `None` without.
        texts: Where prompts and responses are.
        tints: Of the page.
        rows: Candidates to show.
    """
    sampled = sampled_prompts(table, rows, _CANDIDATES_SHOWN)
    wanted = np.array([prompt for prompt, _ in sampled], dtype=np.int64)
    candidates = np.flatnonzero(np.isin(table.prompt, wanted))
    chosen = chosen_rows(table, candidates, selection, texts.response)
    budget = _BYTES_OF_TRACES // max(min(len(candidates), rows), 1)
    found: list[Decision] = []
    left = _MOST_BYTES
    for prompt, kind in sampled:
        of_prompt = candidates[table.prompt[candidates] == prompt].tolist()
        of_prompt.sort(key=lambda row: _place(table, row, chosen))
        ours = [row for row in of_prompt if row in chosen]
        shown = [
            _Shown(table, row, one, text, tints.views)
            for row, one, text in _read(table, of_prompt[:_CANDIDATES_SHOWN], texts, tints.views)
        ]
        # What another criterion picks for the prompt, if that is among the candidates that are shown.
        other = int(table.other_picks[prompt])
        found.append(
            Decision(
                kind=kind,
                prompt=without_middle(shown[0].text.prompt, _LONGEST_PROMPT),
                sentences=_sentences(table, prompt),
                parting=_parting(table, shown, ours, other, tints.views),
                candidates=[
                    Candidate(
                        teacher=table.name_of(one.row),
                        facts=_facts(table, one.row),
                        is_chosen=one.row in chosen,
                        reason="" if one.row in chosen else why_not(table, one.row, ours, one.status),
                        trace=_trace(one, tints, budget),
                    )
                    for one in shown
                ],
                num_hidden=len(of_prompt) - len(shown),
            )
        )
        left -= found[-1].num_bytes
        if left < 0 and len(found) > 1:
            return found[:-1], _how_many(table, len(found) - 1, "the page would become too large")
    most = f"at most {counted(rows, 'response')} (`rows`) {'is' if rows == 1 else 'are'} shown"
    return found, _how_many(table, len(found), most)


def _how_many(table: ScoredTable, shown: int, why: str) -> str:
    total = len(np.unique(table.prompt[table.prompt >= 0]))
    if shown == total:
        return "The only prompt is shown." if total == 1 else f"All {total:,} prompts are shown."
    of_shown, of_left = ("is" if number == 1 else "are" for number in (shown, total - shown))
    told = f"{shown:,} of {counted(total, 'prompt')} {of_shown} shown."
    return f"{told} {total - shown:,} {of_left} left out: {why}."


class _Shown:
    """A candidate as it was read."""

    def __init__(
        self, table: ScoredTable, row: int, values: dict[str, object], text: Texts, views: Sequence[View]
    ):
        self.row = row
        self.text = text
        self.steps: list[Step] | None = steps_of(text.responses, values, views)
        self.status = str(values.get(table.status_column, "no status"))


def _read(
    table: ScoredTable, rows: list[int], texts: TextColumns, views: Sequence[View]
) -> list[tuple[int, dict[str, object], Texts]]:
    of_steps = [name for view in views for name in (view.scores, view.spans, view.tokens)]
    names = dict.fromkeys([*texts.names, *of_steps, table.status_column])
    found = few_rows(table.dataset, np.array(rows), [name for name in names if name in table.columns.names])
    return list(zip(rows, found, texts.read(found), strict=True))


def _place(table: ScoredTable, row: int, chosen: set[int]) -> tuple[bool, float, int]:
    value = table.criterion.sign * table.values[row]
    return row not in chosen, -value if np.isfinite(value) else np.inf, row


def _facts(table: ScoredTable, row: int) -> list[str]:
    facts = [f"{table.criterion.name} {_number(table.values[row])}"]
    if table.other is not None:
        facts.append(f"{table.other.name} {_number(table.other_values[row])}")
    if np.isfinite(table.tokens[row]):
        facts.append(counted(int(table.tokens[row]), "token"))
    if table.correct is not None:
        verdict = table.correct[row]
        facts.append("verdict not known" if np.isnan(verdict) else "correct" if verdict else "wrong")
    return facts


def _sentences(table: ScoredTable, prompt: int) -> list[str]:
    if not table.is_counted[table.prompt == prompt].any():
        return ["No response to this prompt passes `where`."]
    if table.other is None:
        return []
    one, other = int(table.picks[prompt]), int(table.other_picks[prompt])
    if other < 0:
        return [f"{table.other.name} has no score here."]
    if one == other:
        return [f"{table.other.name} would have chosen the same response."]
    told = (
        f"{table.other.name} would have chosen {table.name_of(other)} ({_number(table.other_values[other])})"
    )
    if one < 0:
        return [f"{told}; {table.criterion.name} has no score here."]
    if np.isfinite(table.other_values[one]):
        value = _number(table.other_values[one])
        return [f"{told}; it gives {value} to {table.name_of(one)}, which {table.criterion.name} chooses."]
    return [
        f"{told}. It has no score for {table.name_of(one)}, which {table.criterion.name} chooses, so this "
        "is not a disagreement."
    ]


def _parting(
    table: ScoredTable, shown: Sequence[_Shown], ours: Sequence[int], other: int, views: Sequence[View]
) -> Markup:
    """The chosen response against what the other criterion would have chosen, else against the next one."""
    chosen = [one for one in shown if one.row in ours] or list(shown[:1])
    rivals = [one for one in shown if one.row != chosen[0].row]
    rivals.sort(key=lambda one: one.row != other)
    if not rivals:
        return Markup("")
    first, second = chosen[0], rivals[0]
    names, added = [], []
    for criterion, values in ((table.criterion, table.values), (table.other, table.other_values)):
        view = view_of(criterion)
        if criterion is not None and view in views:
            names.append(criterion.name)
            added.append([_added(one, views.index(view), float(values[one.row])) for one in (first, second)])
    found = Parting.of(names, *zip(*added, strict=True)) if names[:1] == [table.criterion.name] else None
    if found is None:
        return Markup("")
    pair = f"{table.name_of(first.row)} against {table.name_of(second.row)}"
    rows = found.rows()
    frame = pd.DataFrame(
        [cells for _, cells in rows], index=[name for name, _ in rows], columns=found.headings()
    )
    caption = f"{pair}, in nats: how far the first is ahead, and where in the traces the lead arises"
    drawn = charts.running(dict(zip(found.names, found.lines, strict=True)), pair)
    told = Markup("<p>{}</p>").format(text_html(found.sentence())) if found.sentence() else Markup("")
    return Markup('<div class="parting"><div class="wide">{}</div>{}</div>{}').format(
        table_html(frame, "steps", caption), drawn, told
    )


def _added(one: _Shown, view: int, score: float) -> Added | None:
    return Added.of(one.steps, view, score) if one.steps else None


def _trace(one: _Shown, tints: Tints, budget: int) -> Markup:
    if one.steps is not None:
        return trace_html(one.steps, tints, budget)
    if not one.text.responses:
        return Markup("<p>No text.</p>")
    return text_html(without_middle(one.text.responses[0], min(budget // 8, _LONGEST_PLAIN_TEXT)))


def _number(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "no score"
