"""The facts in a card's table, as Markdown. Text from data is escaped here."""

from collections.abc import Mapping
from typing import Any

from local_naturalness.counted import counted
from local_naturalness.hub.escaping import escaped
from local_naturalness.hub.provenance import Provenance
from local_naturalness.hub.records import Record
from local_naturalness.hub.redaction import public_name
from local_naturalness.spec import read_spec, student_of

NOT_RECORDED = "not recorded"

_SETTING_DEFAULTS = {
    "where": None,
    "min_score": None,
    "max_teacher_share": None,
    "normalize": "zscore",
    "weights": None,
    "seed": 0,
}
_KIND = ("model_type", "tokenizer_class")
_SPEC_TOLD_APART = ("student", *_KIND, "splitter", "local_naturalness")


def criterion_facts(provenance: Provenance) -> dict[str, str]:
    """The criterion that responses were chosen by, and their number."""
    record = provenance.record
    if record is None:
        lost = f"{NOT_RECORDED}: the selection was stored in a form that keeps columns only"
        return {"Criterion": lost}
    facts = {"Criterion": _criterion(record), "Picked": _picked(record)}
    settings = _told_settings(record)
    if settings:
        facts["Other settings"] = ", ".join(
            f"{escaped(name)} = {escaped(value)}" for name, value in settings.items()
        )
    previous = record.get("previous")
    while previous:
        earlier = f"{_criterion(previous)}; {_picked(previous)}"
        facts["Chosen before that by"] = "; ".join(
            filter(None, [facts.get("Chosen before that by"), earlier])
        )
        previous = previous.get("previous")
    return facts


def _criterion(record: Record) -> str:
    by = record["by"]
    weights = {by: None} if isinstance(by, str) else by
    told = []
    for name, weight in weights.items():
        direction = record.get("directions", {}).get(name)
        better = f" ({direction} is better)" if direction and name != "random" else ""
        factor = "" if weight is None else f"{escaped(weight)} × "
        told.append(f"{factor}{escaped(name)}{better}")
    return " + ".join(told)


def _picked(record: Record) -> str:
    k, mode = record["k"], record["mode"]
    if k is None:
        picked = "all valid responses to each prompt, ranked"
    else:
        picked = (
            f"the {mode} response to each prompt" if k == 1 else f"the {k} {mode} responses to each prompt"
        )
    if record.get("match"):
        lengths = " and the lengths" if record.get("match_length") else ""
        return f"as many at random for each prompt as in another selection, with its teacher shares{lengths}"
    return picked


def _told_settings(record: Record) -> dict[str, Any]:
    return {
        name: record[name]
        for name, default in _SETTING_DEFAULTS.items()
        if record.get(name, default) != default
    }


def scorer_facts(provenance: Provenance) -> dict[str, str]:
    """The student and the settings of the scores."""
    if not provenance.specs:
        return {"Student": NOT_RECORDED}
    facts = {}
    several = len(provenance.specs) > 1
    for column, spec in provenance.specs.items():
        place = f" ({escaped(column)})" if several else ""
        pairs = read_spec(spec)
        student, commit = student_of(spec)
        facts[f"Student{place}"] = escaped(public_name(student)) or NOT_RECORDED
        facts[f"Student commit or digest{place}"] = escaped(commit) or NOT_RECORDED
        if kind := [pairs[name] for name in _KIND if name in pairs]:
            facts[f"Student's type and tokenizer{place}"] = ", ".join(map(escaped, kind))
        if "splitter" in pairs:
            facts[f"Splitter and version{place}"] = escaped(pairs["splitter"])
        others = {name: value for name, value in pairs.items() if name not in _SPEC_TOLD_APART}
        facts[f"Scoring settings{place}"] = ", ".join(
            f"{escaped(name)} = {escaped(value)}" for name, value in others.items()
        )
        facts[f"Scored with{place}"] = (
            f"`local_naturalness` {escaped(pairs.get('local_naturalness', NOT_RECORDED))}"
        )
        facts[f"Status of the selected rows{place}"] = listed_counts(provenance.statuses.get(column, {}))
    return facts


def count_facts(provenance: Provenance) -> dict[str, str]:
    """The numbers of rows before and after, and why the others were not selected."""
    record = provenance.record or {}
    facts = {"Rows": listed_counts(provenance.rows)}
    if provenance.num_prompts is not None:
        facts["Prompts"] = f"{provenance.num_prompts:,}"
    if "rows" not in record:
        return facts | {"Candidates": NOT_RECORDED, "Rejected": NOT_RECORDED}
    return facts | {
        "Candidates": _responses(record["rows"], record["prompts"]),
        **_unscored(record),
        "Selected": _responses(record["selected"], record["prompts_selected"]),
        "Rejected": listed_counts(record["rejected"]),
        **_traits(record),
    }


def _traits(record: Record) -> dict[str, str]:
    """The selection compared with its candidates."""
    names = {"accuracy": "Right answers", "repeated_step_share": "Tokens in repeated steps"}
    facts = {}
    for trait, name in names.items():
        means = record.get("traits", {}).get(trait, {})
        if means.get("before") is not None and means.get("after") is not None:
            facts[name] = f"{means['after']:.1%} of the selection, {means['before']:.1%} of its candidates"
    return facts


def _unscored(record: Record) -> dict[str, str]:
    """Candidates without a score by the scorer's reason, among them those that `where` left out."""
    by_column = record.get("unscored", {})
    facts = {}
    for column, statuses in by_column.items():
        place = f" ({escaped(column)})" if len(by_column) > 1 else ""
        facts[f"Unscored by reason{place}"] = listed_counts(statuses)
    return facts


def listed_counts(counts: Mapping[str, int]) -> str:
    told = ", ".join(f"{escaped(name)} {number:,}" for name, number in counts.items())
    return told or "none"


def source_facts(licence: str | None, source_datasets: list[str]) -> dict[str, str]:
    """The source datasets and the licence."""
    facts = {"Source datasets": ", ".join(escaped(name) for name in source_datasets)}
    facts["Licence"] = escaped(licence or "")
    return {name: value for name, value in facts.items() if value}


def _responses(number: int, prompts: int) -> str:
    return f"{counted(number, 'response')} to {counted(prompts, 'prompt')}"
