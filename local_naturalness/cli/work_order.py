"""The order in which the rows of a table are scored. The order of the table does not change."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

if TYPE_CHECKING:
    from datasets import Dataset

    from local_naturalness.scorers.scorer import Scorer

_ROWS_AT_ONCE = 1000
# Rows from which the share of prompts in the work is estimated.
_SAMPLE = 64


@dataclass(frozen=True)
class WorkOrder:
    """The order in which rows are scored.

    Attributes:
        rows: numbers of the rows, shape [rows], int64.
        prompt_share: share of prompts in the work, if the rows of each prompt were moved together. Otherwise
            `None`.
    """

    rows: np.ndarray
    prompt_share: float | None = None

    @property
    def is_that_of_the_table(self) -> bool:
        """Whether no row is moved."""
        return bool((np.diff(self.rows) == 1).all())

    @property
    def inverse(self) -> np.ndarray:
        """The position of each row of the table in this order, shape [rows], int64."""
        return np.argsort(self.rows)

    def __str__(self) -> str:
        prompts = ""
        if self.prompt_share is not None:
            prompts = f"rows of a prompt together (prompts are {self.prompt_share:.0%} of the work), "
        return f"Order of work: {prompts}blocks with the longest rows first. The table keeps its order."


def work_order(dataset: "Dataset", scorer: "Scorer", block: int, num_workers: int = 1) -> WorkOrder:
    """Choose the order of work: blocks with the longest rows first.

    If it saves work, rows of the same prompt are moved together first. Blocks stay whole, so scores do not
    depend on the order. The workers of `map(..., num_proc=)` take equal, contiguous parts of the order.
    Blocks are dealt to these parts in turn, so that all workers finish at about the same time.

    Args:
        dataset: the rows.
        scorer: the scorer that they are for.
        block: number of rows that are scored together.
        num_workers: number of workers that take a part of the order each.
    """
    rows, share = np.arange(len(dataset)), None
    if len(rows) > block:
        if (found := _together(dataset, scorer, block)) is not None:
            rows, share = found
        rows = rows[_longest_first(work_in_rows(dataset, scorer)[rows], block, num_workers)]
    return WorkOrder(rows, share)


def work_in_rows(dataset: "Dataset", scorer: "Scorer") -> np.ndarray:
    """The work in each row, measured by the length of its text; shape [rows], int64."""
    from local_naturalness.tables.choice_columns import indices_of

    work, indices = work_in(dataset.data.column(response_column(scorer))), indices_of(dataset)
    return work if indices is None else work[indices]


def work_in(responses: pa.ChunkedArray) -> np.ndarray:
    """The work in each response of a column. A row without a response counts as a little work, too."""
    from local_naturalness.inputs.text_lengths import text_lengths

    return 1 + text_lengths(responses)


def response_column(scorer: "Scorer") -> str:
    """The column that holds responses."""
    return scorer.messages_column or scorer.response_column


def _together(dataset: "Dataset", scorer: "Scorer", block: int) -> tuple[np.ndarray, float] | None:
    """An order in which rows of the same prompt are together, and the share of prompts in the work.

    `None` if this order saves too little.
    """
    from local_naturalness.encoding.examples import BadSteps
    from local_naturalness.estimation.repeated_prompts import WORTHWHILE, prompt_cost

    sample = np.unique(np.linspace(0, len(dataset) - 1, _SAMPLE, dtype=np.int64)).tolist()
    try:
        share = prompt_cost(scorer, dataset[sample]).saved(1.0)
        if share < WORTHWHILE:
            return None
        keys = [
            key
            for start in range(0, len(dataset), _ROWS_AT_ONCE)
            for key in scorer.prompt_keys(dataset[start : start + _ROWS_AT_ONCE])
        ]
    except BadSteps:
        return None  # reported with the number of the row when the row is scored
    _, first, prompts = np.unique([key or "" for key in keys], return_index=True, return_inverse=True)
    together = np.argsort(first[prompts], kind="stable")
    saved = _num_passed(prompts, block) - _num_passed(prompts[together], block)
    return (together, share) if share * saved / len(keys) >= WORTHWHILE else None


def _num_passed(prompts: np.ndarray, block: int) -> int:
    """Number of passes over prompts: each prompt counts once for every block that has rows of it."""
    blocks = np.arange(len(prompts)) // block
    return len(np.unique(blocks * len(prompts) + prompts))


def _longest_first(lengths: np.ndarray, block: int, num_workers: int) -> np.ndarray:
    """Whole blocks, longest first, dealt to workers in turn. If the last block is not full, it stays last.

    >>> _longest_first(np.array([1, 1, 5, 5, 9, 9, 2]), block=2, num_workers=1).tolist()
    [4, 5, 2, 3, 0, 1, 6]
    >>> _longest_first(np.array([1, 1, 5, 5, 9, 9, 7, 7]), block=2, num_workers=2).tolist()
    [4, 5, 2, 3, 6, 7, 0, 1]
    """
    num_full = len(lengths) // block
    totals = lengths[: num_full * block].reshape(num_full, block).sum(axis=1)
    order = np.argsort(-totals, kind="stable")
    dealt = np.concatenate([order[worker::num_workers] for worker in range(num_workers)])
    rows = (dealt[:, None] * block + np.arange(block)).ravel()
    return np.concatenate([rows, np.arange(num_full * block, len(lengths))])
