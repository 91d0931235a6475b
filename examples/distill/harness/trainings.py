"""All trainings of an experiment: equal ones once, finished ones not again, several at a time."""

import hashlib
import json
import os
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch
from datasets import Dataset, disable_progress_bars
from transformers import GenerationConfig
from transformers.utils import logging as transformers_logging

from harness.choices import Choice
from harness.experiment import Experiment
from harness.files import write_whole
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

    @cached_property
    def _of_all(self) -> dict[str, Any]:
        """What all trainings have in common."""
        return {
            "student": self.student,
            "questions": _digest(_texts(self.questions, "reference")),
            "answer": self.experiment.answer,
            "generation": dict(self.experiment.generation),
            "defaults of generation": _generation_defaults(self.experiment.student),
        }

    def plan(self, rows: Dataset | None, seed: int) -> Training:
        """The training on these rows; None only evaluates the student."""
        settings = self._of_all | {
            "rows": _digest(_texts(rows, "response")) if rows is not None else None,
            "training": dict(self.experiment.training) if rows is not None else None,
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
    """Do what is not finished yet; failures are returned, and do not keep others from being done.

    A worker that is killed, as for want of memory, ends the others: what they had not finished is among the
    failures.
    """
    missing = list({one.folder: one for one in trainings if one.result() is None}.values())
    failures = []
    # Fresh processes: torch threads that the scorers have started would hang in a forked one.
    with ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_begin, initargs=(workers, os.getpid())
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


def _begin(workers: int, parent: int) -> None:
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    disable_progress_bars()
    transformers_logging.disable_progress_bar()
    if workers > 1:  # one core each
        torch.set_num_threads(1)


def _end_with(parent: int) -> None:
    """Workers of a run that was killed would go on with all that is planned, beside the run that follows."""
    while os.getppid() == parent:
        time.sleep(2)
    os._exit(1)


def _texts(rows: Dataset, column: str) -> list[list[str]]:
    return [rows["prompt"][:], rows[column][:]]


def _digest(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _generation_defaults(student: str) -> dict[str, Any]:
    """The student's own, which are no part of its weights; none if it comes without."""
    try:
        return GenerationConfig.from_pretrained(student).to_diff_dict()
    except OSError:
        return {}


def _stored(rows: Dataset, column: str, path: Path) -> Path:
    if not path.exists():
        kept = rows.select_columns(["prompt", column])
        write_whole(path, lambda file: kept.to_parquet(str(file)))
    return path
