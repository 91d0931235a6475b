"""All criteria for all candidates."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from datasets import Dataset

from harness.answers import is_right
from harness.experiment import Experiment
from local_naturalness import GlobalScorer, LocalScorer, Student

ROWS_PER_FILE = 200  # what a crash can cost
CONTROL = "random_draw"


def score(
    candidates: Dataset, experiment: Experiment, student: Student, folder: Path, workers: int
) -> Dataset:
    """Add the columns of all criteria, and the control `random_draw`, which knows nothing of a response.

    `num_tokens` is that of the narrowest window, since only windows count the tokens of responses that are
    longer than the student's context; null where even that one could not be scored.

    Args:
        candidates: With `prompt`, `teacher`, `response`. A column `is_correct` is added where it is
            missing and there is a `reference`.
        experiment: Windows and splitter.
        student: Whose log-probabilities.
        folder: Gets the finished scores, so that a second call reads them.
        workers: Processes.
    """
    if "is_correct" not in candidates.column_names and "reference" in candidates.column_names:
        candidates = candidates.map(_Verdict(experiment.answer))
    for window in experiment.windows:
        suffix = window_suffix(window)
        scorer = LocalScorer(
            student,
            window=None if window == "all" else window,
            splitter=experiment.splitter,
            suffix=suffix,
            store=folder / f"local{suffix}",
        )
        candidates = _scored(candidates, scorer, workers)
    scorer = GlobalScorer(
        student,
        statistics=("rank", "brier", "entropy", "mass_above", "steps"),
        splitter=experiment.splitter,
        store=folder / "global",
    )
    candidates = _scored(candidates, scorer, workers)
    counts = candidates[f"num_tokens{window_suffix(_narrowest(experiment.windows))}"]
    candidates = candidates.remove_columns("num_tokens")
    candidates = candidates.add_column("num_tokens", [count or None for count in counts])
    return candidates.add_column(CONTROL, np.random.default_rng(0).random(len(candidates)))


def _narrowest(windows: Sequence[int | float | str]) -> int | float | str:
    return min((window for window in windows if isinstance(window, int)), default=windows[0])


def window_suffix(window: int | float | str) -> str:
    """What tells a window's columns from those of others.

    >>> [window_suffix(window) for window in (4, 0.25, "all")]
    ['_w4', '_w25pct', '_wall']
    """
    return f"_w{window:.0%}".replace("%", "pct") if isinstance(window, float) else f"_w{window}"


def directions(experiment: Experiment) -> dict[str, str]:
    """The criteria that every candidate is scored with, and which direction of each is better."""
    windows = [f"local_naturalness{window_suffix(window)}" for window in experiment.windows]
    high = [
        "global_naturalness_by_step",
        "global_naturalness",
        "learnability",
        "global_naturalness_drop",
        "global_naturalness_casl",
        "seqlss",
        "high_entropy_sum",
        "prediction_difficulty",
    ]
    return {
        **dict.fromkeys([*windows, *high], "high"),
        "rank_surprisal_ratio": "low",
        "num_tokens": "low",
        CONTROL: "high",
    }


class _Verdict:
    """Whether a candidate's answer is the reference's; a class, so that `map` can hash its setting."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    def __call__(self, row: dict) -> dict[str, bool | None]:
        reference = row["reference"]
        return {
            "is_correct": None if reference is None else is_right(row["response"], reference, self.answer)
        }


def _scored(rows: Dataset, scorer: Callable, workers: int) -> Dataset:
    return rows.map(scorer, batched=True, batch_size=ROWS_PER_FILE, num_proc=workers if workers > 1 else None)
