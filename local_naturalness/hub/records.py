"""The records of `select_responses`, joined over splits."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from datasets import Dataset

from local_naturalness.selection.reasons import MAX_TEACHERS_RECORDED
from local_naturalness.selection.record import record_in
from local_naturalness.spec import settings_in

Record = dict[str, Any]

_COUNTS = ("rows", "prompts", "selected", "prompts_selected")
# What belongs to one split; all the rest are settings, which the splits must share.
_OUTCOMES = (
    *_COUNTS,
    "ties",
    "traits",
    "rejected",
    "unscored",
    "teacher_shares_before",
    "teacher_shares_after",
    "previous",
)

# Why candidates are not selected; rows that are rejected for other reasons are no candidates.
_PASSED_OVER = ("duplicate", "not_in_top_k", "teacher_share")


def joined_record(splits: Mapping[str, Dataset]) -> Record | None:
    """One record for all splits, with counts added up; `None` if a split has none.

    Raises:
        ValueError: The rows were chosen by selections with different settings.
    """
    by_split = [_records(dataset) for dataset in splits.values()]
    if not all(by_split):
        return None
    records = [record for found in by_split for record in found]
    first = _settings(records[0])
    for record in records[1:]:
        other = _settings(record)
        differing = [name for name in first | other if _compared(name, first) != _compared(name, other)]
        if differing:
            one, two = ({name: choice.get(name) for name in differing} for choice in (first, other))
            raise ValueError(
                f"The selection mixes rankings: some rows were chosen with {one}, others with "
                f"{two}. Push them to repositories of their own, or select again from all "
                "candidates."
            )
    return first | _joined_outcomes(records)


def _records(dataset: Dataset) -> list[Record]:
    # Concatenated selections keep the lines of all of them.
    lines = (dataset.info.description or "").split("\n")
    found = (record_in(line) for line in dict.fromkeys(lines))
    return [record for record in found if record is not None]


def _settings(record: Record) -> Record:
    return {name: value for name, value in record.items() if name not in _OUTCOMES}


def _compared(name: str, settings: Record) -> Any:
    """What must be the same of a setting: of the scorers not their versions."""
    value = settings.get(name)
    if name != "specs" or not value:
        return value
    return {column: settings_in(spec or "") or spec for column, spec in value.items()}


def _joined_outcomes(records: list[Record]) -> Record:
    outcomes: Record = {
        name: sum(record[name] for record in records)
        for name in _COUNTS
        if all(name in record for record in records)
    }
    if all("rejected" in record for record in records):
        outcomes["rejected"] = dict(sum((Counter(r["rejected"]) for r in records), Counter()))
    if all("unscored" in record for record in records):
        outcomes["unscored"] = _joined_unscored(records)
    if all("teacher_shares_before" in record for record in records):
        outcomes["teacher_shares_before"] = _joined_shares(records)
    if all("traits" in record for record in records):
        outcomes["traits"] = _joined_traits(records)
    outcomes["previous"] = records[0].get("previous")
    return outcomes


def _joined_traits(records: list[Record]) -> dict[str, Any]:
    """Means over all splits, weighted by their candidates and their picks."""
    joined: dict[str, Any] = {}
    for trait in set.intersection(*(set(record["traits"]) for record in records)):
        parts = [(record["traits"][trait], record) for record in records]
        joined[trait] = {"column": parts[0][0]["column"]}
        for which, weight in (("before", _num_candidates), ("after", _num_selected)):
            known = [(part[which], weight(record)) for part, record in parts if part[which] is not None]
            total = sum(number for _, number in known)
            joined[trait][which] = sum(mean * number for mean, number in known) / total if total else None
    return joined


def _num_selected(record: Record) -> int:
    return int(record["selected"])


def _num_candidates(record: Record) -> int:
    """How many rows could have been selected."""
    passed_over = sum(record["rejected"].get(reason, 0) for reason in _PASSED_OVER)
    return _num_selected(record) + int(passed_over)


def _joined_unscored(records: list[Record]) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {}
    for record in records:
        for column, statuses in record["unscored"].items():
            counts.setdefault(column, Counter()).update(statuses)
    return {column: dict(statuses.most_common()) for column, statuses in counts.items()}


def _joined_shares(records: list[Record]) -> dict[str, float | None]:
    """Shares over all splits, `None` where the share in one of them is not known."""
    total = sum(record["rows"] for record in records) or 1
    shares: Counter[str] = Counter()
    unknown: set[str] = set()
    everyone = dict.fromkeys(name for record in records for name in record["teacher_shares_before"])
    for record in records:
        of_split = record["teacher_shares_before"]
        for teacher in everyone:
            shares[teacher] += of_split.get(teacher, 0.0) * record["rows"] / total
        if len(of_split) >= MAX_TEACHERS_RECORDED:
            unknown |= everyone.keys() - of_split.keys()
    return {teacher: None if teacher in unknown else share for teacher, share in shares.items()}
