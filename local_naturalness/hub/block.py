"""The part of a card that the library writes: how the responses were chosen, in Markdown."""

from collections.abc import Iterable, Mapping

from local_naturalness.counted import counted
from local_naturalness.hub.escaping import escaped
from local_naturalness.hub.facts import (
    NOT_RECORDED,
    count_facts,
    criterion_facts,
    scorer_facts,
    source_facts,
)
from local_naturalness.hub.provenance import Provenance
from local_naturalness.selection.reasons import MAX_TEACHERS_RECORDED
from local_naturalness.teachers.text import NO_NAME
from local_naturalness.version import __version__

BEGIN = "<!-- local_naturalness:begin -->"
END = "<!-- local_naturalness:end -->"

_MAX_TEACHERS = 50
# Means over a teacher's rows of the selection: heading and format.
_MEANS = {
    "score": ("Mean score", "{:.4g}"),
    "accuracy": ("Right answers", "{:.1%}"),
    "repeated_step_share": ("Repeated steps", "{:.1%}"),
}


def render(provenance: Provenance, snippet: str, licence: str | None, source_datasets: list[str]) -> str:
    """The block between its marks.

    Args:
        provenance: The facts about the selection.
        snippet: Python code that loads the data for training.
        licence: `None` where the caller gave none.
        source_datasets: As the caller gave them.
    """
    facts = {
        **criterion_facts(provenance),
        **scorer_facts(provenance),
        **count_facts(provenance),
        **source_facts(licence, source_datasets),
    }
    scores = {name: f"{value:.4g}" for name, value in provenance.score_quantiles.items()}
    parts = [
        BEGIN,
        "## How these responses were chosen",
        f"Written by `local_naturalness` {__version__}. "
        "The next push replaces everything between the two marks around this part.",
        _table(("Fact", "Value"), facts.items()),
        "### Selection scores",
        "Quantiles of the column `selection_score`. `selection_rank` 1 is the first choice for its prompt.",
        _table(scores.keys(), [scores.values()]),
        *_teacher_part(provenance),
        "### Train on it",
        f"```python\n{snippet}\n```",
        END,
    ]
    return "\n\n".join(parts)


def _teacher_part(provenance: Provenance) -> list[str]:
    after = provenance.teacher_shares
    if after is None:
        return []
    before = (provenance.record or {}).get("teacher_shares_before")
    names = list(dict.fromkeys([*after, *(before or {})]))
    means = {trait: found for trait, found in provenance.teacher_means.items() if trait in _MEANS}
    rows = [
        (
            escaped(name or NO_NAME),
            _candidates_share(before, name),
            f"{after.get(name, 0):.1%}",
            *(
                _MEANS[trait][1].format(found[name]) if name in found else "-"
                for trait, found in means.items()
            ),
        )
        for name in names[:_MAX_TEACHERS]
    ]
    header = ("Teacher", "Share of the candidates", "Share of the selection")
    table = _table((*header, *(_MEANS[trait][0] for trait in means)), rows)
    left_out = len(names) - _MAX_TEACHERS
    more = [f"{counted(left_out, 'more teacher')} with smaller shares."] if left_out > 0 else []
    return ["### Teachers", table, *more]


def _candidates_share(before: Mapping[str, float | None] | None, teacher: str) -> str:
    if before is None:
        return NOT_RECORDED
    share = before.get(teacher, None if len(before) >= MAX_TEACHERS_RECORDED else 0.0)
    return NOT_RECORDED if share is None else f"{share:.1%}"


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    header = list(header)
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
