"""Estimates what scoring a dataset will take: tokens, operations, memory and time."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from local_naturalness.counted import counted
from local_naturalness.encoding.row_doubts import in_words
from local_naturalness.engine.memory import pass_bytes
from local_naturalness.engine.paths import USUAL
from local_naturalness.estimation.calibration import Speed, measured_speed
from local_naturalness.estimation.work import Work
from local_naturalness.scorers.logged_doubts import count_doubts
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.scorers.scorer import Scorer
from local_naturalness.student.cost import StudentCost

# Rows of a block. Rows of the same prompt are mostly in one block. Blocks are not larger, because
# neighbouring rows are similar.
_BLOCK_ROWS = 16


@dataclass(frozen=True)
class Estimate:
    """What scoring will take, estimated from a sample of the rows.

    Attributes:
        work: counts, scaled up to all rows.
        sampled_rows: number of rows that were read.
        sampling_error: standard error of the operations, relative to their number. 0 if all rows were read.
        cost: cost of the student per token.
        max_tokens_per_batch: tokens per forward pass.
        path: path of the windows through the model, see `Paths`. Without a calibration, `"packed"` is
            assumed.
        speed: speed that the calibration measured. `None` without a calibration.
        warnings: warnings about rows that might not be scored as intended, with their number.
    """

    work: Work
    sampled_rows: int
    sampling_error: float
    cost: StudentCost
    max_tokens_per_batch: int
    path: str
    speed: Speed | None
    warnings: tuple[str, ...] = ()

    @property
    def operations(self) -> float:
        """Floating-point operations."""
        return self.work.operations(self.cost)

    @property
    def memory_bytes(self) -> int:
        """Memory for the weights and the largest pass."""
        return self.cost.weight_bytes + pass_bytes(self.cost, self.max_tokens_per_batch)

    @property
    def operations_per_second(self) -> float | None:
        """The measured speed. `None` without a calibration."""
        return None if self.speed is None else self.speed.operations_per_second

    @property
    def seconds(self) -> float | None:
        """Time on this machine, for one process."""
        return None if self.operations_per_second is None else self.operations / self.operations_per_second


def estimate(
    scorer: Scorer,
    dataset: Dataset,
    *,
    sample: int = 1_000,
    num_rows: int | None = None,
    calibration_seconds: float | None = 5.0,
    seed: int = 0,
) -> Estimate:
    """Estimate what scoring a dataset will take, and measure how fast this machine does such work.

    Args:
        scorer: the scorer, with all its settings.
        dataset: the rows.
        sample: number of rows to read, in blocks of 16 from random places. Counts are scaled up.
        num_rows: number of rows to estimate for, if the dataset is a sample of a larger one. `None` is the
            number of rows in the dataset.
        calibration_seconds: about how long to score windows of the sample. `None` loads no weights and gives
            no time.
        seed: seed of the sample.

    Raises:
        ValueError: the dataset is empty or has more rows than `num_rows`, or a column is missing.

    Example:

    ```python
    >>> from datasets import Dataset
    >>> from local_naturalness import LocalScorer
    >>> from local_naturalness.embedded import candidates_path, student_path
    >>> from local_naturalness.estimation.forecast import estimate
    >>> rows = Dataset.from_json(candidates_path())
    >>> found = estimate(LocalScorer(student_path()), rows, calibration_seconds=None)
    >>> found.sampled_rows, found.seconds is None, found.work.passed_tokens > found.work.response_tokens
    (195, True, True)

    ```
    """
    if not len(dataset):
        raise ValueError("There is nothing to estimate: the dataset has no rows.")
    num_rows = len(dataset) if num_rows is None else num_rows
    if num_rows < len(dataset):
        raise ValueError(
            f"`num_rows` is the size of the table that the input is a sample of, so it is at least the "
            f"{len(dataset):,} rows of the input; found {num_rows:,}."
        )
    engine = None if calibration_seconds is None else scorer.engine()
    max_tokens = scorer.token_budget if engine is None else engine.max_tokens
    # Most models can be packed. Without the weights, this cannot be checked.
    paths = USUAL if engine is None else engine.paths
    cost = scorer.student.cost
    works, windows = [], []
    for rows in _blocks(dataset, sample, seed):
        statuses, planned = _planned(scorer, rows)
        works.append(
            Work(
                statuses,
                Counter(count_doubts(planned)),
                response_tokens=sum(row.encoded.num_tokens for row in planned),
                steps=sum(len(row.encoded.steps) for row in planned),
            )
        )
        own = [window for row in planned for window in row.windows()]
        works[-1].add_windows(own, max_tokens, paths)
        windows += own
    total = sum(works, Work())
    sampled = total.rows.total()
    scaled = total.scaled(num_rows / sampled)
    about = "" if sampled == num_rows else "about "
    return Estimate(
        scaled,
        sampled,
        _sampling_error([work.operations(cost) for work in works], sampled / num_rows),
        cost,
        max_tokens,
        paths.name,
        None
        if engine is None or calibration_seconds is None or not windows
        else measured_speed(engine, windows, cost, calibration_seconds),
        tuple(
            in_words(kind, f"In {about}{count:,} of {counted(num_rows, 'row')}", scorer.template_source)
            for kind, count in scaled.doubts.items()
        ),
    )


def _blocks(dataset: Dataset, sample: int, seed: int) -> Iterator[dict[str, Any]]:
    """Blocks of neighbouring rows from random places."""
    starts = np.arange(0, len(dataset), _BLOCK_ROWS)
    count = min(len(starts), max(1, sample // _BLOCK_ROWS))
    for start in np.sort(np.random.default_rng(seed).choice(starts, count, replace=False)).tolist():
        yield dataset[start : start + _BLOCK_ROWS]


def _sampling_error(operations: Sequence[float], sampled_share: float) -> float:
    """Relative standard error of a total that is scaled up from blocks drawn without replacement."""
    if sampled_share == 1 or sum(operations) == 0:
        return 0.0
    if len(operations) < 2:
        return float("inf")
    spread = np.std(operations, ddof=1) / np.mean(operations)
    return float(spread * np.sqrt((1 - sampled_share) / len(operations)))


def _planned(scorer: Scorer, rows: dict[str, Any]) -> tuple[Counter[str], list[PlannedRow]]:
    """The statuses of a block, and the rows in it that can be scored."""
    planned = scorer.planned(rows)
    statuses = Counter(row if isinstance(row, str) else row.plan.status for row in planned)
    return statuses, [row for row in planned if isinstance(row, PlannedRow)]
