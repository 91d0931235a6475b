"""Everything that the page says about real text, as plain numbers."""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from datasets import Dataset
from harness.auc import auc_between_responses, auc_within_prompts

from local_naturalness import rank_teachers
from real_text.agreement import pairs_of, same_pick, tau_between
from real_text.criteria import BY_STEP, CHANCE, GLOBAL, LOCAL, values_of
from real_text.positions import SHORT, Places, by_position
from real_text.sampling import by_sampling
from real_text.steps import compressed_share

# Tokens, of the two responses of a pair on average.
LENGTHS = (0, 150, 300, 1000)
# What may be long about a response: all of it, or its steps (2604.06834 tells of those).
LENGTHENED = ("more tokens", "longer steps")
LOCAL_AND_GLOBAL = f"{LOCAL} / {GLOBAL}"
AGREEMENTS = ((LOCAL, GLOBAL), (LOCAL, BY_STEP), (BY_STEP, GLOBAL))
RANKED_BY = {
    "local_naturalness_w4": LOCAL,
    "global_naturalness": GLOBAL,
    "global_naturalness_by_step": BY_STEP,
}
SAMPLES = ("gsm8k", "mixed", "long")

Tables = Mapping[str, pd.DataFrame]


def summary_of(students: Mapping[str, Tables], places: Places) -> dict[str, Any]:
    """Summarise scored samples.

    Args:
        students: Name -> part -> scored rows, as `score_real_text.py` writes them.
        places: Where positions are parted.
    """
    found = {
        "students": {name: _student(tables, places) for name, tables in students.items()},
        "between students": _between(students),
    }
    return _plain(found)


def _plain(value: Any) -> Any:
    """Numbers with four digits behind the point; NaN, which JSON does not know, is null."""
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return round(value, 4) if math.isfinite(value) else None
    return value


def _student(tables: Tables, places: Places) -> dict[str, Any]:
    samples = {name: tables[name] for name in SAMPLES if name in tables}
    values = {name: values_of(rows) for name, rows in samples.items()}
    found: dict[str, Any] = {"samples": {name: _described(rows) for name, rows in samples.items()}}
    if "long" in samples:
        found["positions"] = by_position(samples["long"], places)
        found["sampling"] = by_sampling(samples["long"])
    found["short positions"] = {
        name: by_position(rows, SHORT)
        for name, rows in samples.items()
        if name != "long" and "step_scores_full" in rows
    }
    found["agreement by length"] = _by_length(samples, values)
    found["longer"] = {name: _longer(rows, values[name]) for name, rows in samples.items()}
    found["auc"] = {name: _aucs(rows, values[name]) for name, rows in samples.items()}
    found["teachers"] = {name: _teachers(rows, values[name]) for name, rows in samples.items()}
    if "loops" in tables:
        found["samples"]["loops"] = _described(tables["loops"])
        found["loops"] = _loops(tables["loops"])
    if "settings" in tables:
        found["settings"] = _settings(tables["settings"])
    if "float32" in tables and "mixed" in tables:
        found["bfloat16"] = _against_float32(tables["mixed"], tables["float32"])
    return found


def _described(rows: pd.DataFrame) -> dict[str, Any]:
    status = [name for name in rows.columns if "naturalness_status" in name]
    return {
        "rows": len(rows),
        "prompts": rows["prompt"].nunique(),
        "right": int((rows["is_correct"] == True).sum()),  # noqa: E712  (null is neither)
        "wrong": int((rows["is_correct"] == False).sum()),  # noqa: E712  (as above)
        "tokens": int(rows["num_tokens_w4"].sum()),
        "median steps": float(rows["num_steps_w4"].median()),
        "statuses": {name: rows[name].value_counts().to_dict() for name in status},
    }


def _by_length(samples: Tables, values: Tables) -> list[dict[str, Any]]:
    """Tau between criteria within prompts, by the length of the responses that are compared."""
    criteria = [LOCAL, BY_STEP, GLOBAL]
    tables = []
    for name, rows in samples.items():
        known = values[name][criteria]
        known = known.assign(prompt=rows["prompt"], tokens=rows["num_tokens_w4"])
        tables.append(pairs_of(known, criteria).assign(sample=name))
    pairs = pd.concat(tables, ignore_index=True)
    lengths = np.searchsorted(LENGTHS, pairs["tokens"], side="right") - 1
    found = []
    for number, start in enumerate(LENGTHS):
        here = pairs[lengths == number].reset_index(drop=True)
        taus = {f"{one} / {other}": asdict(tau_between(here, one, other)) for one, other in AGREEMENTS}
        found.append({"from": start, "samples": here["sample"].value_counts().to_dict(), **taus})
    return found


def _longer(rows: pd.DataFrame, values: pd.DataFrame) -> dict[str, Any]:
    """Tau between a criterion and two lengths, within prompts: above 0 where the longer one wins."""
    criteria = [LOCAL, BY_STEP, GLOBAL]
    table = values[criteria].assign(prompt=rows["prompt"], tokens=rows["num_tokens_w4"])
    table["more tokens"] = rows["num_tokens_w4"]
    table["longer steps"] = rows["num_tokens_w4"] / rows["num_steps_w4"]
    pairs = pairs_of(table, [*criteria, *LENGTHENED])
    return {
        f"{name} / {length}": asdict(tau_between(pairs, name, length))
        for length in LENGTHENED
        for name in criteria
    }


def _aucs(rows: pd.DataFrame, values: pd.DataFrame) -> dict[str, Any]:
    """Does a right response have the better value than a wrong one?"""
    right, prompts = rows["is_correct"], rows["prompt"]
    parts = {"within prompts": rows.index}
    if rows["domain"].nunique() > 1:
        parts |= {f"within prompts, {name}": some.index for name, some in rows.groupby("domain")}
    found: dict[str, Any] = {}
    for part, members in parts.items():
        found[part] = {
            one: asdict(auc_within_prompts(values.loc[members, one], right[members], prompts[members]))
            for one in values.columns
        }
    for teacher, some in rows.groupby("teacher"):
        # Fewer wrong or right ones than this say nothing.
        if some["is_correct"].dropna().astype(int).value_counts().reindex([0, 1]).min() >= 5:
            found[f"within {teacher}"] = {
                one: asdict(auc_between_responses(values.loc[some.index, one], right[some.index]))
                for one in values.columns
            }
    return found


def _teachers(rows: pd.DataFrame, values: pd.DataFrame) -> list[dict[str, Any]]:
    """Means of teachers, by each criterion: those that share prompts are compared."""
    columns = {column: values[name] for column, name in RANKED_BY.items()}
    table = Dataset.from_dict(
        {"prompt": rows["prompt"].tolist(), "teacher": rows["teacher"].tolist()}
        | {column: some.tolist() for column, some in columns.items()}
    )
    found: list[dict[str, Any]] = []
    for column, name in RANKED_BY.items():
        for number, group in enumerate(rank_teachers(table, by=column, direction="high").groups):
            for teacher, row in group.table.iterrows():
                found.append(
                    {
                        "group": number,
                        "criterion": name,
                        "teacher": row.get("teacher", teacher),
                        "mean": float(row["mean"]),
                        "low": float(row["low"]),
                        "high": float(row["high"]),
                    }
                )
    return found


def _between(students: Mapping[str, Tables]) -> dict[str, Any]:
    """Do two students want the same responses, and the same teachers?"""
    found: dict[str, Any] = {}
    names = list(students)
    for sample in SAMPLES:
        both = [(name, students[name][sample]) for name in names if sample in students[name]]
        if len(both) != 2:
            continue
        joined = _joined(*(rows for _, rows in both))
        found[sample] = {"students": [name for name, _ in both], "rows": len(joined)}
        for criterion in (LOCAL, BY_STEP, GLOBAL):
            one, other = f"{criterion} 0", f"{criterion} 1"
            if one in joined and other in joined:
                found[sample][criterion] = {
                    **asdict(tau_between(pairs_of(joined, [one, other]), one, other)),
                    "same pick": same_pick(joined, one, other),
                    "teacher order": _order_of_teachers(joined, one, other),
                }
    return found


def _joined(first: pd.DataFrame, second: pd.DataFrame) -> pd.DataFrame:
    """Rows that both students have scored; their values end in 0 and 1."""
    tables = [
        pd.concat([rows[["prompt", "teacher"]], values_of(rows).add_suffix(f" {number}")], axis=1)
        for number, rows in enumerate((first, second))
    ]
    return tables[0].merge(tables[1], on=["prompt", "teacher"]).assign(tokens=0)


def _order_of_teachers(rows: pd.DataFrame, one: str, other: str) -> dict[str, Any]:
    """Spearman's correlation of teacher means, over the teachers that share prompts."""
    found = {}
    groups = rows.groupby("prompt")["teacher"].agg(frozenset)
    apart: list[set[str]] = []
    for teachers in groups:
        touching = [some for some in apart if some & teachers]
        apart = [some for some in apart if some not in touching] + [set(teachers).union(*touching)]
    for teachers in apart:
        members = rows[rows["teacher"].isin(teachers)]
        means = members.groupby("teacher")[[one, other]].mean()
        ranks = means.rank()
        found[", ".join(sorted(teachers))] = {
            "spearman": float(ranks[one].corr(ranks[other])) if len(ranks) > 1 else float("nan"),
            "first": [str(means[one].idxmax()), str(means[other].idxmax())],
        }
    return found


def _loops(rows: pd.DataFrame) -> list[dict[str, Any]]:
    """Every response with its scores: does one that runs in circles come first?"""
    values = values_of(rows)
    numbers = pd.factorize(rows["prompt"])[0] + 1
    table = pd.DataFrame(
        {
            "prompt": numbers,
            "teacher": rows["teacher"],
            "right": [None if known is None else bool(known) for known in rows["is_correct"]],
            "tokens": rows["num_tokens_w4"],
            "compresses to": rows["response"].map(compressed_share),
            **values.drop(columns=CHANCE),
        }
    )
    return table.sort_values(["prompt", "compresses to"]).to_dict("records")


def _settings(rows: pd.DataFrame) -> dict[str, Any]:
    """What cheaper windows change, against scores of every step with a window of its own."""
    columns = {name: f"local_naturalness_{name}" for name in ("exact", "stride4", "sample16")}
    table = rows[["prompt", *columns.values()]].assign(tokens=rows["num_tokens_exact"])
    return {name: _change(table, columns["exact"], column) for name, column in columns.items()}


def _against_float32(mixed: pd.DataFrame, float32: pd.DataFrame) -> dict[str, Any]:
    """What bfloat16 changes, in the scores of windows and of the full pass."""
    keys, scores = ["prompt", "teacher"], ["local_naturalness_w4", "global_naturalness"]
    table = float32[[*keys, *scores, "num_tokens_w4"]].merge(
        mixed[[*keys, *scores]], on=keys, suffixes=(" float32", " bfloat16")
    )
    table = table.rename(columns={"num_tokens_w4": "tokens"})
    return {one: _change(table, f"{one} float32", f"{one} bfloat16") for one in scores}


def _change(table: pd.DataFrame, exact: str, other: str) -> dict[str, Any]:
    apart = (table[other] - table[exact]).abs()
    if exact == other:
        return {"rows": len(table)}
    return {
        "rows": len(table),
        "mean difference": float(apart.mean()),
        "largest difference": float(apart.max()),
        "same pick": same_pick(table, exact, other),
        "tau": asdict(tau_between(pairs_of(table, [exact, other]), exact, other)),
    }


def read_scored(folder: Path) -> dict[str, pd.DataFrame]:
    """The parts that a folder of `score_real_text.py` holds."""
    return {path.stem: pd.read_parquet(path) for path in sorted(folder.glob("*.parquet"))}


def read_costs(folder: Path) -> dict[str, Any]:
    """What each part cost, and with which versions it was scored."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
