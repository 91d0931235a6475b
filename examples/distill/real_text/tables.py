"""The summary as Markdown tables, one for each question."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pandas as pd
from harness.markdown import markdown

from real_text.criteria import BY_STEP, GLOBAL, LOCAL, SCORED
from real_text.positions import GAP, SERIES
from real_text.steps import REPETITIVE

# Shares and correlations of fewer pairs of responses than this are left out.
FEWEST_PAIRS = 10
GAP_TITLE = "full prefix minus windows, same steps"

Summary = Mapping[str, Any]
Number = Mapping[str, Any]


def tables_of(summary: Summary) -> dict[str, str]:
    """Name of a table -> its text; those without rows are left out."""
    makers: dict[str, Callable[[Summary], pd.DataFrame]] = {
        "samples": _samples,
        "curves": lambda some: _curves(_of_long(some)),
        "changes": lambda some: _changes(_of_long(some)),
        "short-curves": lambda some: _curves(_of_short(some)),
        "short-changes": lambda some: _changes(_of_short(some)),
        "lengths": _lengths,
        "longer": _longer,
        "sampling": _sampling,
        "loops": _loops,
        "loops-first": loops_first,
        "auc": _auc,
        "auc-within-teachers": _auc_within_teachers,
        "teachers": _teachers,
        "students": _between_students,
        "settings": _settings,
        "costs": _costs,
    }
    made = {name: make(summary) for name, make in makers.items()}
    return {f"real-text-{name}": f"{markdown(table)}\n" for name, table in made.items() if len(table)}


def _samples(summary: Summary) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "student": student,
            "sample": name,
            "prompts": found["prompts"],
            "responses": found["rows"],
            "right": found["right"],
            "wrong": found["wrong"],
            "tokens": f"{found['tokens']:,}",
            "median steps": f"{found['median steps']:.0f}",
            "not scored": _not_ok(found["statuses"]),
        }
        for student, one in summary["students"].items()
        for name, found in one["samples"].items()
    )


def _not_ok(statuses: Mapping[str, Mapping[str, int]]) -> str:
    """Statuses beside `ok`, of whichever scorer has them."""
    others = {
        status: count for counts in statuses.values() for status, count in counts.items() if status != "ok"
    }
    return ", ".join(f"{count} {status}" for status, count in others.items()) or "0"


def _of_long(summary: Summary) -> list[tuple[dict[str, str], Summary]]:
    return [({"student": student}, one["positions"]) for student, one in _with(summary, "positions")]


def _of_short(summary: Summary) -> list[tuple[dict[str, str], Summary]]:
    return [
        ({"student": student, "sample": sample}, found)
        for student, one in _with(summary, "short positions")
        for sample, found in one["short positions"].items()
    ]


def _curves(positions: Iterable[tuple[dict[str, str], Summary]]) -> pd.DataFrame:
    """Rows that begin with the given cells, for each result of `by_position`."""
    rows = []
    for begin, found in positions:
        for name, title in {**SERIES, GAP: GAP_TITLE}.items():
            points = found["curves"][name]
            cells = {f"from token {point['from']:,}": _number(point) for point in points}
            rows.append({**begin, "conditioned on": title, **cells})
        cells = {f"from token {point['from']:,}": str(point["responses"]) for point in points}
        rows.append({**begin, "conditioned on": "responses that windows score there", **cells})
    return pd.DataFrame(rows)


def _changes(positions: Iterable[tuple[dict[str, str], Summary]]) -> pd.DataFrame:
    rows = []
    for begin, position in positions:
        for part, found in position["changes"].items():
            if not found["windows"]["responses"]:
                continue
            rows.append(
                {
                    **begin,
                    "responses": part,
                    "prompts": found["full"]["prompts"],
                    "of them": found["full"]["responses"],
                    **{title: _number(found[name], sign="+") for name, title in SERIES.items()},
                    GAP_TITLE: _number(found[GAP], sign="+"),
                }
            )
    return pd.DataFrame(rows)


def _lengths(summary: Summary) -> pd.DataFrame:
    rows = []
    for student, one in summary["students"].items():
        for found in one["agreement by length"]:
            taus = {name: value for name, value in found.items() if name not in ("from", "samples")}
            if max(value["pairs"] for value in taus.values()) < FEWEST_PAIRS:
                continue
            pairs = ", ".join(f"{count} {name}" for name, count in found["samples"].items())
            rows.append(
                {
                    "student": student,
                    "tokens": f"from {found['from']:,}",
                    "pairs of responses": pairs,
                    **{name: _number(value, "tau") for name, value in taus.items()},
                }
            )
    return pd.DataFrame(rows)


def _longer(summary: Summary) -> pd.DataFrame:
    """Does the longer of two responses have the better score?"""
    rows = []
    for student, one in summary["students"].items():
        for sample, found in one["longer"].items():
            if max(value["pairs"] for value in found.values()) < FEWEST_PAIRS:
                continue
            taus = {name: _number(value, "tau") for name, value in found.items()}
            pairs = next(iter(found.values()))["pairs"]
            rows.append({"student": student, "sample": sample, "pairs of responses": pairs, **taus})
    return pd.DataFrame(rows)


def _sampling(summary: Summary) -> pd.DataFrame:
    rows = []
    for student, one in _with(summary, "sampling"):
        for found in one["sampling"]:
            if found["responses"] and found["tau"]["pairs"] >= FEWEST_PAIRS:
                rows.append(
                    {
                        "student": student,
                        "max_steps": found["steps"],
                        "responses with more": found["responses"],
                        "mean difference, nats": f"{found['mean difference']:.3f}",
                        "pairs of responses": found["tau"]["pairs"],
                        "tau within prompts": _number(found["tau"], "tau"),
                    }
                )
    return pd.DataFrame(rows)


def _loops(summary: Summary) -> pd.DataFrame:
    rows = []
    for student, one in _with(summary, "loops"):
        for found in one["loops"]:
            scores = {name: _short(found[name]) for name in (LOCAL, BY_STEP, GLOBAL)}
            right = {True: "right", False: "wrong", None: ""}[found["right"]]
            share = f"{found['compresses to']:.0%}"
            texts = {"answer": right, "compresses to": f"**{share}**" if _loop(found) else share}
            known = {name: found[name] for name in ("prompt", "teacher", "tokens")}
            rows.append({"student": student, **known, **texts, **scores})
    return pd.DataFrame(rows)


def loops_first(summary: Summary) -> pd.DataFrame:
    """Criteria in rows, a column for each student: how often a trace in circles is the best of its prompt."""
    columns: dict[str, dict[str, str]] = {}
    for student, one in _with(summary, "loops"):
        rows = pd.DataFrame(one["loops"])
        loops = rows["compresses to"] < REPETITIVE
        criteria = [name for name in rows.columns if name in {shown for shown, _ in SCORED.values()}]
        best = {name: rows.groupby("prompt")[name].idxmax().dropna() for name in criteria}
        columns[f"{student}, the loop is first in"] = {
            name: f"{loops[first].sum()} of {len(first)} prompts" for name, first in best.items()
        }
    return pd.DataFrame(columns).rename_axis("criterion").reset_index()


def _loop(found: Mapping[str, Any]) -> bool:
    return bool(found["compresses to"] < REPETITIVE)


def _auc(summary: Summary) -> pd.DataFrame:
    return _aucs(summary, lambda part: part.startswith("within prompts"), "within prompts")


def _auc_within_teachers(summary: Summary) -> pd.DataFrame:
    return _aucs(summary, lambda part: not part.startswith("within prompts"), "")


def _aucs(summary: Summary, wanted: Callable[[str], bool], dropped: str) -> pd.DataFrame:
    """Criteria in rows, a column for each student and sample with enough pairs."""
    columns: dict[str, dict[str, str]] = {}
    for student, one in summary["students"].items():
        for sample, parts in one["auc"].items():
            for part, found in parts.items():
                most = max(value["num_pairs"] for value in found.values())
                if wanted(part) and most >= FEWEST_PAIRS:
                    where = f"{sample}{part.removeprefix(dropped).replace('within', ', within')}"
                    cells = {name: _number(value, "share") for name, value in found.items()}
                    columns[f"{student}, {where}, {most:,} pairs"] = cells
    return pd.DataFrame(columns).fillna("").rename_axis("criterion").reset_index()


def _teachers(summary: Summary) -> pd.DataFrame:
    """Each teacher's mean and place, by criterion and student."""
    cells: dict[tuple[str, str], dict[str, str]] = {}
    for student, one in summary["students"].items():
        for sample, found in one["teachers"].items():
            places: dict[tuple[int, str], int] = {}
            for row in found:
                group = (row["group"], row["criterion"])
                places[group] = places.get(group, 0) + 1
                text = f"{places[group]}. ({row['mean']:.2f})"
                cells.setdefault((sample, row["teacher"]), {})[f"{student}: {row['criterion']}"] = text
    rows = [{"sample": sample, "teacher": teacher, **found} for (sample, teacher), found in cells.items()]
    return pd.DataFrame(rows).fillna("")


def _between_students(summary: Summary) -> pd.DataFrame:
    rows = []
    for sample, found in summary["between students"].items():
        for criterion, value in found.items():
            if criterion in ("students", "rows") or not value["pairs"]:
                continue
            orders = value["teacher order"].values()
            rows.append(
                {
                    "sample": sample,
                    "criterion": criterion,
                    "responses": found["rows"],
                    "tau within prompts": _number(value, "tau"),
                    "same pick": f"{value['same pick']:.2f}",
                    "Spearman of teacher means": ", ".join(_short(one["spearman"]) for one in orders),
                    "same first teacher": ", ".join(
                        "yes" if len(set(one["first"])) == 1 else "no" for one in orders
                    ),
                }
            )
    return pd.DataFrame(rows)


def _settings(summary: Summary) -> pd.DataFrame:
    rows = []
    for student, one in summary["students"].items():
        found = {name: value for name, value in one.get("settings", {}).items() if "tau" in value}
        found |= {f"bfloat16, {name}": value for name, value in one.get("bfloat16", {}).items()}
        rows += [
            {
                "student": student,
                "setting": name,
                "responses": value["rows"],
                "mean difference, nats": f"{value['mean difference']:.4f}",
                "largest": f"{value['largest difference']:.4f}",
                "tau within prompts": _number(value["tau"], "tau"),
                "same pick": f"{value['same pick']:.2f}",
            }
            for name, value in found.items()
        ]
    return pd.DataFrame(rows)


def _costs(summary: Summary) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "student": student,
            "part": part,
            "scorer": name,
            "dtype": found["dtype"],
            "responses": cost["rows"],
            "response tokens": f"{cost['tokens']:,}",
            "minutes of one core": f"{cost['seconds'] / 60:.1f}",
            "tokens a second": f"{cost['tokens'] / cost['seconds']:.0f}" if cost["seconds"] else "",
        }
        for student, parts in summary.get("costs", {}).items()
        for part, found in parts.items()
        for name, cost in found["costs"].items()
    )


def _with(summary: Summary, key: str) -> Iterable[tuple[str, Summary]]:
    return [(name, one) for name, one in summary["students"].items() if key in one]


def _number(value: Number, mean: str = "mean", sign: str = "") -> str:
    """A number with its interval, where there is one."""
    if value[mean] is None:
        return ""
    text = _short(value[mean], sign)
    if value["low"] is None:
        return text
    return f"{text} ({_short(value['low'], sign)} to {_short(value['high'], sign)})"


def _short(value: float | None, sign: str = "") -> str:
    return "" if value is None else f"{value:{sign}.2f}"
