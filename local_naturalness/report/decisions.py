"""Sampled prompts with their candidates, as the page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset
from markupsafe import Markup

from local_naturalness.counted import counted
from local_naturalness.report.chosen import chosen_rows, few_rows, where_verdicts, why_not
from local_naturalness.report.sampling import sampled_prompts
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.report.tint import Scale
from local_naturalness.report.traces import Step, steps_of, thirds, trace_html, without_middle
from local_naturalness.tables.html import text_html

_CANDIDATES_SHOWN = 6
_BYTES_OF_TRACES = 3_000_000
_LONGEST_PROMPT = 1_500
_LONGEST_PLAIN_TEXT = 10_000


@dataclass(frozen=True)
class Candidate:
    """One response to a prompt.

    Args:
        teacher: As shown.
        facts: Short texts: scores, length, verdict.
        is_chosen: Whether it was.
        reason: Why not, else empty.
        trace: Its text, tinted where steps are there.
    """

    teacher: str
    facts: list[str]
    is_chosen: bool
    reason: str
    trace: Markup


@dataclass(frozen=True)
class Decision:
    """A prompt, its candidates best first, and what is to be said of the choice."""

    kind: str
    prompt: str
    sentences: list[str]
    candidates: list[Candidate]
    num_hidden: int


def decisions(
    table: ScoredTable,
    selection: Dataset | None,
    scale: Scale,
    rows: int,
    teacher_column: str,
    response_column: str,
) -> list[Decision]:
    """Prompts of all kinds whose candidates are at most `rows` together.

    Args:
        table: All rows.
        selection: What was selected; `None` without.
        scale: Of the page.
        rows: Candidates to show.
        teacher_column: Where teachers are.
        response_column: Where responses are.
    """
    picks = table.picks()
    sampled = sampled_prompts(table, picks, rows, _CANDIDATES_SHOWN)
    wanted = np.array([prompt for prompt, _ in sampled], dtype=np.int64)
    candidates = np.flatnonzero(np.isin(table.prompt, wanted))
    chosen = chosen_rows(table, candidates, selection, picks[0], [teacher_column, response_column])
    passes = where_verdicts(table)
    suffix = table.criterion.suffix
    status = (table.criterion.spec_column or "").replace("_spec", "_status", 1)
    names = [
        name
        for name in (
            "prompt" if "prompt" in table.columns.names else table.prompt_column,
            response_column,
            f"step_scores{suffix}",
            f"step_spans{suffix}",
            status,
        )
        if name in table.columns.names
    ]
    budget = _BYTES_OF_TRACES // max(min(len(candidates), rows), 1)
    found = []
    for prompt, kind in sampled:
        of_prompt = candidates[table.prompt[candidates] == prompt].tolist()
        of_prompt.sort(key=lambda row: _place(table, row, chosen))
        shown = of_prompt[:_CANDIDATES_SHOWN]
        texts = few_rows(table.dataset, np.array(shown), names)
        ours = [row for row in of_prompt if row in chosen]
        steps = [
            steps_of(
                text.get(response_column) or "",
                text.get(f"step_spans{suffix}"),
                text.get(f"step_scores{suffix}"),
            )
            for text in texts
        ]
        found.append(
            Decision(
                kind=kind,
                prompt=without_middle(_prompt_text(texts[0][names[0]]), _LONGEST_PROMPT),
                sentences=_sentences(table, picks[:, prompt], shown, steps, ours),
                candidates=[
                    Candidate(
                        teacher=table.name_of(row),
                        facts=_facts(table, row),
                        is_chosen=row in chosen,
                        reason=""
                        if row in chosen
                        else why_not(table, row, ours, passes, str(text.get(status, "no status"))),
                        trace=_trace(text.get(response_column), one, scale, budget),
                    )
                    for row, text, one in zip(shown, texts, steps, strict=True)
                ],
                num_hidden=len(of_prompt) - len(shown),
            )
        )
    return found


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


def _sentences(
    table: ScoredTable,
    picks: np.ndarray,
    shown: Sequence[int],
    steps: Sequence[list[Step] | None],
    chosen: Sequence[int],
) -> list[str]:
    told = []
    if table.other is not None:
        one, other = (int(row) for row in picks)
        if other < 0:
            told.append(f"{table.other.name} has no score here.")
        elif one == other:
            told.append(f"{table.other.name} would have chosen the same response.")
        else:
            told.append(
                f"{table.other.name} would have chosen {table.name_of(other)} "
                f"({_number(table.other_values[other])}), and gives "
                f"{_number(table.other_values[one])} to the best by {table.criterion.name}, "
                f"{table.name_of(one)}."
            )
    scored = [(row, thirds(one)) for row, one in zip(shown, steps, strict=True) if one]
    known = [(row, part) for row, part in scored if part is not None]
    if len(known) > 1 and known[0][0] in chosen:
        (first, mine), (second, theirs) = known[:2]
        gap = mine - theirs
        told.append(
            f"By the mean over steps, {table.name_of(first)} is {gap.sum():+.4f} nats against "
            f"{table.name_of(second)}: "
            f"{gap[0]:+.4f} from the first third of the steps, {gap[1]:+.4f} from the second, {gap[2]:+.4f} "
            "from the last."
        )
    return told


def _trace(response: Any, steps: list[Step] | None, scale: Scale, budget: int) -> Markup:
    if response is None:
        return Markup("<p>No text.</p>")
    if steps is None:
        return text_html(without_middle(str(response), min(budget // 8, _LONGEST_PLAIN_TEXT)))
    return trace_html(steps, scale, budget)


def _prompt_text(prompt: Any) -> str:
    if isinstance(prompt, list):
        return "\n".join(
            f"{one.get('role')}: {one.get('content')}" for one in prompt if isinstance(one, dict)
        )
    return str(prompt)


def _number(value: float) -> str:
    return f"{value:.4f}" if np.isfinite(value) else "no score"
