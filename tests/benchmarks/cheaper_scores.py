"""What `stride`, `max_steps` and bfloat16 cost in exactness, on real multi-teacher data, as Markdown.

    python tests/benchmarks/cheaper_scores.py ../shared/data/mixed_multi_teacher.jsonl --longest 10000

Every setting is compared with exact scores in float32. Kendall's tau and the picks are within prompts; regret
is the exact score that is lost by picking with the setting, the mean over all prompts and over those with
another pick. Speed is the ratio of the times of one run each, loading not included.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
from datasets import Dataset, load_dataset

from local_naturalness import LocalScorer, Student, compare_criteria
from local_naturalness.embedded import student_path

SETTINGS: dict[str, dict[str, Any]] = {
    "exact": {},
    "stride=2": {"stride": 2},
    "stride=4": {"stride": 4},
    "stride=8": {"stride": 8},
    "max_steps=64": {"max_steps": 64},
    "max_steps=16": {"max_steps": 16},
    "max_steps=8": {"max_steps": 8},
    "bfloat16": {"dtype": "bfloat16"},
}


def scored(rows: Dataset, student: str, chosen: list[str]) -> tuple[Dataset, dict[str, float]]:
    """Rows with a score column per setting, and the seconds that each setting took."""
    seconds = {}
    for place, name in enumerate(chosen):
        settings = dict(SETTINGS[name])
        loaded = Student(student, dtype=settings.pop("dtype", "float32"))
        scorer = LocalScorer(loaded, suffix=f"_{place}", **settings)
        scorer(rows[:1])  # loads the student
        start = time.perf_counter()
        rows = rows.map(scorer, batched=True, batch_size=256, load_from_cache_file=False)
        seconds[name] = time.perf_counter() - start
    return rows, seconds


def lines(rows: Dataset, seconds: dict[str, float]) -> Iterator[str]:
    """One line per setting."""
    columns = {name: f"local_naturalness_{place}" for place, name in enumerate(seconds)}
    tau = compare_criteria(rows, list(columns.values())).tau
    frame = rows.select_columns(["prompt", "teacher", *columns.values()]).to_pandas().dropna()
    exact = columns["exact"]
    order = teacher_order(frame, exact)
    for name, column in columns.items():
        picks = frame.loc[frame.groupby("prompt")[column].idxmax()].set_index("prompt")
        best = frame.loc[frame.groupby("prompt")[exact].idxmax()].set_index("prompt")
        lost = (best[exact] - picks[exact]).to_numpy()
        changed = (best["teacher"] != picks["teacher"]).to_numpy() | (lost > 0)
        error = (frame[column] - frame[exact]).abs()
        yield (
            f"| {name} | {seconds['exact'] / seconds[name]:.1f} | {error.mean():.4f} | {error.max():.4f} | "
            f"{tau.loc[exact, column]:.3f} | {1 - changed.mean():.1%} | {lost.mean():.4f} | "
            f"{lost[changed].mean() if changed.any() else 0:.4f} | "
            f"{'kept' if teacher_order(frame, column) == order else 'changed'} |"
        )
    spread = frame.groupby("prompt")[exact].std()
    yield f"\nStandard deviation of the exact scores within a prompt: {spread.mean():.3f} nats."


def teacher_order(frame: pd.DataFrame, column: str) -> list[str]:
    return frame.groupby("teacher")[column].mean().sort_values().index.tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="+", type=Path, help="JSON Lines with prompt, teacher, response")
    parser.add_argument("--student", default=student_path(), help="(default: the embedded one)")
    parser.add_argument("--settings", nargs="+", choices=SETTINGS, default=list(SETTINGS))
    parser.add_argument("--rows", type=int, help="only so many, whole prompts not guaranteed")
    parser.add_argument(
        "--longest", type=int, default=10**6, help="characters of the longest response scored"
    )
    options = parser.parse_args()
    for file in options.files:
        rows = load_dataset("json", data_files=str(file), split="train")
        rows = rows.filter(lambda row: len(row["response"]) <= options.longest)
        if options.rows:
            rows = rows.select(range(min(options.rows, len(rows))))
        rows, seconds = scored(rows, options.student, list(dict.fromkeys(["exact", *options.settings])))
        print(f"`{file.stem}`, {len(rows)} rows, {sum(rows['num_steps_0']):,} steps:\n")
        columns = "setting | speed | mean error | largest error | tau | same pick | regret | if changed"
        print(f"| {columns} | teachers |")
        print("|---|---|---|---|---|---|---|---|---|")
        print("\n".join(lines(rows, seconds)), flush=True)


if __name__ == "__main__":
    main()
