"""Samples with scores: prompt by prompt, so that what is there when time is up is a random sample."""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from local_naturalness import GlobalScorer, LocalScorer, Student
from real_text.steps import step_tokens

PROMPTS_AT_A_TIME = 1
SAMPLED_STEPS = 12
STATISTICS = ("rank", "brier", "entropy", "mass_above", "steps")

Scorer = Callable[[dict[str, list[Any]]], dict[str, list[Any]]]


@dataclass(frozen=True)
class Setting:
    """One scorer.

    Args:
        name: Of its store; and in tables of costs.
        kind: `LocalScorer` or `GlobalScorer`.
        arguments: Of it.
    """

    name: str
    kind: type[LocalScorer] | type[GlobalScorer]
    arguments: Mapping[str, Any]

    def scorer(self, student: Student, stores: Path) -> Scorer:
        return self.kind(student, store=stores / self.name, **self.arguments)


def _local(name: str, window: int | None, **arguments: Any) -> Setting:
    settings = {"window": window, "suffix": f"_{name}", "return_steps": True}
    return Setting(name, LocalScorer, settings | arguments)


FULL = _local("full", None)
SAMPLED = _local("w4", 4, max_steps=SAMPLED_STEPS)
# Windows of four to seven steps: what windows of exactly four steps change is measured apart.
SLIDING = _local("w4-sliding", 4, stride=4, suffix="_w4")
PASS = Setting("global", GlobalScorer, {"statistics": STATISTICS})
CHEAPER = (
    _local("exact", 4),
    _local("stride4", 4, stride=4),
    _local("sample16", 4, max_steps=16),
)
SETTINGS = {
    "long": (FULL, SLIDING),
    "loops": (PASS, FULL, SLIDING),
    "mixed": (PASS, FULL, SLIDING),
    "gsm8k": (PASS, FULL, SAMPLED),
    "settings": CHEAPER,
    "float32": (PASS, SLIDING),
}


@dataclass
class Cost:
    """What one setting took. Seconds of the processor, which other work beside it does not lengthen."""

    seconds: float = 0.0
    tokens: int = 0
    rows: int = 0


def score(
    rows: pd.DataFrame,
    settings: tuple[Setting, ...],
    student: Student,
    stores: Path,
    minutes: float,
    report: Callable[[str], None] = print,
) -> tuple[pd.DataFrame, dict[str, Cost]]:
    """Add the columns of all settings; stop after a prompt when time is up.

    Args:
        rows: With `prompt`, `teacher`, `response`, those of a prompt together.
        settings: All are applied to a prompt before the next one.
        student: Whose log-probabilities.
        stores: Folder of finished scores; what it holds costs nothing the second time.
        minutes: After which no further prompt is begun.
        report: Is told how far it has come.

    Returns:
        The rows that were scored, and the cost of each setting.
    """
    scorers = {one.name: one.scorer(student, stores) for one in settings}
    costs = {one.name: Cost() for one in settings}
    done: list[pd.DataFrame] = []
    begun = time.monotonic()
    for chunk in _by_prompts(rows):
        if done and time.monotonic() - begun > 60 * minutes:
            break
        for name, scorer in scorers.items():
            texts = {column: chunk[column].tolist() for column in ("prompt", "response")}
            before = time.process_time()
            columns = scorer(texts)
            costs[name].seconds += time.process_time() - before
            costs[name].rows += len(chunk)
            costs[name].tokens += sum(_counts(columns))
            chunk = chunk.assign(**{key: value for key, value in columns.items() if key not in texts})
        done.append(_with_step_tokens(chunk, student))
        report(f"{sum(map(len, done))} of {len(rows)} rows, {(time.monotonic() - begun) / 60:.1f} minutes")
    return pd.concat(done, ignore_index=True), costs


def _with_step_tokens(rows: pd.DataFrame, student: Student) -> pd.DataFrame:
    """`step_tokens` beside the scores of steps, so that what follows needs no tokenizer."""
    spans = next((name for name in rows.columns if name.startswith("step_spans")), None)
    if spans is None:
        return rows
    known = zip(rows["response"], rows[spans], strict=True)
    counts = [
        step_tokens(student.tokenizer, text, some) if some is not None else None for text, some in known
    ]
    return rows.assign(step_tokens=counts)


def _by_prompts(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    number = pd.factorize(rows["prompt"])[0]
    for start in range(0, number.max() + 1, PROMPTS_AT_A_TIME):
        yield rows[np.isin(number, range(start, start + PROMPTS_AT_A_TIME))]


def _counts(columns: Mapping[str, list[Any]]) -> list[int]:
    return next(values for name, values in columns.items() if name.startswith("num_tokens"))
