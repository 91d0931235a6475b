"""All trainings of an experiment: equal ones once, finished ones not again, several at a time."""

import hashlib
import json
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers.utils import logging as transformers_logging

from harness.choices import Choice
from harness.experiment import Experiment
from harness.training import Training, train


@dataclass(frozen=True)
class Planner:
    """Gives every choice its training; equal rows, settings and seeds share one.

    Args:
        experiment: Whose settings hold.
        student: What identifies the student's weights.
        questions: With `prompt` and `reference`.
        folder: Gets a folder per training.
    """

    experiment: Experiment
    student: dict[str, str]
    questions: Dataset
    folder: Path

    def plan(self, rows: Dataset | None, seed: int) -> Training:
        """The training on these rows; None only evaluates the student."""
        settings = {
            "student": self.student,
            "rows": _digest(_texts(rows, "response")) if rows is not None else None,
            "questions": _digest(_texts(self.questions, "reference")),
            "answer": self.experiment.answer,
            "training": dict(self.experiment.training) if rows is not None else None,
            "generation": dict(self.experiment.generation),
        }
        folder = self.folder / _digest(settings)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "settings.json").write_text(json.dumps(settings, indent=1), encoding="utf-8")
        return Training(
            folder=folder / f"seed-{seed}",
            student=self.experiment.student,
            rows=_stored(rows, "response", folder / "rows.parquet") if rows is not None else None,
            questions=_stored(
                self.questions, "reference", self.folder / f"questions-{settings['questions']}.parquet"
            ),
            answer=self.experiment.answer,
            seed=seed,
            settings=self.experiment.training,
            generation=self.experiment.generation,
        )


def plan_all(planner: Planner, choices: Iterable[Choice]) -> list[tuple[Choice, Training]]:
    return [(choice, planner.plan(choice.rows, choice.seed)) for choice in choices]


def train_all(
    trainings: Iterable[Training], workers: int, report: Callable[[str], None] = print
) -> list[tuple[Training, Exception]]:
    """Do what is not finished yet; failures are returned, and do not keep others from being done."""
    missing = list({one.folder: one for one in trainings if one.result() is None}.values())
    failures = []
    # Fresh processes: torch threads that the scorers have started would hang in a forked one.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(workers,)
    ) as pool:
        pending = {pool.submit(train, one): one for one in missing}
        for done, future in enumerate(as_completed(pending), 1):
            training = pending[future]
            try:
                result = future.result()
            except Exception as error:
                failures.append((training, error))
                outcome = f"failed: {error!r}"
            else:
                outcome = (
                    f"accuracy {result['accuracy']:.3f}, {result['training_seconds']:.0f} s training, "
                    f"{result['evaluation_seconds']:.0f} s evaluation"
                )
            report(f"[{done}/{len(missing)}] {training.folder.parent.name}/{training.folder.name}: {outcome}")
    return failures


def _begin(workers: int) -> None:
    disable_progress_bars()
    transformers_logging.disable_progress_bar()
    if workers > 1:  # one core each
        torch.set_num_threads(1)


def _texts(rows: Dataset, column: str) -> list[list[str]]:
    return [rows["prompt"][:], rows[column][:]]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _stored(rows: Dataset, column: str, path: Path) -> Path:
    if not path.exists():
        rows.select_columns(["prompt", column]).to_parquet(str(path))
    return path
