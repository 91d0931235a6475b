"""A ranking of teachers as text for a terminal, as Markdown, and as plain data."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
from markupsafe import Markup

from local_naturalness.counted import counted
from local_naturalness.tables.html import list_html, table_html, text_html
from local_naturalness.tables.json_values import plain_number
from local_naturalness.tables.text import (
    decimals_for,
    list_markdown,
    number_text,
    sentence_markdown,
    table_markdown,
    table_text,
    wrapped,
)
from local_naturalness.teachers.bootstrap_interval import FEWEST_PROMPTS
from local_naturalness.teachers.explained_gap import explained_sentences

if TYPE_CHECKING:
    from local_naturalness.teachers.result import TeacherGroup, TeacherRanking


# An empty name would look like a missing word.
NO_NAME = "(no name)"
# Thousands of groups are mostly a mistake, and nobody reads that many tables.
_GROUPS_SHOWN = 20


def ranking_text(ranking: "TeacherRanking", width: int) -> str:
    """The ranking for a terminal of some width."""
    blocks = [wrapped(_title(ranking), width)]
    for heading, group in _headed(ranking):
        if heading:
            blocks += ["", wrapped(heading, width)]
        blocks.append(table_text(shown_table(group), width))
        blocks += [wrapped(sentence, width) for sentence in _sentences(group)]
    blocks += [wrapped(f"Note: {note}", width) for note in _notes(ranking)]
    return "\n".join(blocks)


def ranking_markdown(ranking: "TeacherRanking") -> str:
    """The same in Markdown."""
    blocks = [f"### {sentence_markdown(_title(ranking))}"]
    for heading, group in _headed(ranking):
        blocks += [heading] if heading else []
        blocks.append(table_markdown(shown_table(group), "teacher"))
        blocks.append(list_markdown(_sentences(group)))
    if notes := _notes(ranking):
        blocks.append(list_markdown(f"Note: {note}" for note in notes))
    return "\n\n".join(blocks)


def ranking_html(ranking: "TeacherRanking") -> str:
    """The same for a notebook."""
    blocks = [Markup("<p><strong>{}</strong></p>").format(text_html(_title(ranking)))]
    for heading, group in _headed(ranking):
        blocks += [Markup("<p>{}</p>").format(heading)] if heading else []
        blocks += [table_html(shown_table(group), "teacher"), list_html(_sentences(group))]
    return Markup("\n").join([*blocks, list_html(f"Note: {note}" for note in _notes(ranking))])


def ranking_dict(ranking: "TeacherRanking") -> dict[str, Any]:
    """Everything as plain data that JSON can hold; `None` for unknown values."""
    return {
        "criterion": ranking.criterion,
        "direction": ranking.direction,
        "notes": list(ranking.notes),
        "groups": [
            {
                "teachers": [_json_row(row) for row in group.table.to_dict("records")],
                "num_prompts": int(group.num_prompts),
                "num_complete_prompts": int(group.num_complete_prompts),
                "num_compared_prompts": int(group.num_compared_prompts),
                "stable_order_from": group.stable_order_from,
                "stable_best_from": group.stable_best_from,
                "warnings": list(group.warnings),
                "explained": [_json_row(vars(line)) for line in group.explained],
            }
            for group in ranking.groups
        ],
    }


def shown_table(group: "TeacherGroup") -> pd.DataFrame:
    """What is printed of a group's table: texts, teachers as index, best first."""
    table = group.table
    places = decimals_for(float(table["mean"].abs().max()))
    columns = {
        "mean": [number_text(number, places) for number in table["mean"]],
        "gap": [number_text(number, places) for number in table["gap"]],
        "95 % of the gap": [
            "" if rank == 1 else _between(low, high, places)
            for rank, low, high in zip(table["rank"], table["gap_low"], table["gap_high"], strict=True)
        ],
        "P(best)": [number_text(number, 3) for number in table["p_best"]],
    }
    if len(table) == 1:
        columns = {"mean": columns["mean"]}
    if table["accuracy"].notna().any():
        columns["accuracy"] = [number_text(number, 1, as_share=True) for number in table["accuracy"]]
    if table["mean_tokens"].notna().any():
        columns["tokens"] = [number_text(number, 0) for number in table["mean_tokens"]]
    if table["repeated_step_share"].notna().any():
        columns["repeated"] = [
            number_text(number, 1, as_share=True) for number in table["repeated_step_share"]
        ]
    columns["prompts"] = [str(number) for number in table["num_prompts"]]
    return pd.DataFrame(columns, index=[name or NO_NAME for name in table["teacher"]])


def size_sentence(group: "TeacherGroup") -> str:
    """How many prompts there are, and whether fewer would have been enough."""
    many = counted(group.num_prompts, "prompt")
    if len(group.table) == 1:
        return f"{many}; one teacher, nothing to compare."
    after = " after `where`" if group.is_filtered else ""
    answered = f"{many}, {group.num_complete_prompts} of them answered by every teacher{after}."
    order, leader = group.stable_order_from, group.stable_best_from
    if group.num_compared_prompts < FEWEST_PROMPTS:
        enough = "Too few prompts to estimate how many are enough."
    elif order is not None and leader is not None:
        enough = f"About {leader} prompts are enough to find this leader, about {order} for this order."
    elif leader is not None:
        enough = (
            f"About {leader} prompts are enough to find this leader; the rest of the order still changes "
            "when half of the prompts are left out."
        )
    else:
        enough = (
            "With half of the prompts, another teacher often leads, so more prompts may change the order."
        )
    return f"{answered} {enough}"


def _title(ranking: "TeacherRanking") -> str:
    better = "higher" if ranking.direction == "high" else "lower"
    return f"Teachers by {ranking.criterion} ({better} is better)"


def _headed(ranking: "TeacherRanking") -> list[tuple[str, "TeacherGroup"]]:
    if len(ranking.groups) == 1:
        return [("", ranking.groups[0])]
    return [
        (f"Group {number}, not comparable with the other groups", group)
        for number, group in enumerate(ranking.groups[:_GROUPS_SHOWN], start=1)
    ]


def _notes(ranking: "TeacherRanking") -> Sequence[str]:
    more = len(ranking.groups) - _GROUPS_SHOWN
    if more <= 0:
        return ranking.notes
    return [
        f"{counted(more, 'more group')} of teachers that share no prompt with these: `to_pandas()` and "
        "`--format csv` have all of them. If teachers did answer the same prompts, check which columns hold "
        "prompts and teachers.",
        *ranking.notes,
    ]


def _sentences(group: "TeacherGroup") -> Sequence[str]:
    """The sentences below a table. Explained gaps that are warnings are not repeated."""
    warnings = [f"Warning: {warning}" for warning in group.warnings]
    return [size_sentence(group), *explained_sentences(group.explained), *warnings]


def _between(low: float, high: float, places: int) -> str:
    return "-" if math.isnan(low) else f"{low:.{places}f} to {high:.{places}f}"


def _json_row(row: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(name): plain_number(value) for name, value in row.items()}
