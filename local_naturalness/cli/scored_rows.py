"""Scores the rows of a table for a command: finds the rows that are left, scores them, shows the progress."""

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.counted import counted

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from local_naturalness.cli.stopping import Work
    from local_naturalness.scorers.scorer import Scorer
    from local_naturalness.store.output_folder import OutputFolder

_ROWS_LOOKED_UP = 1000  # in the store, at a time


class Kept:
    """The message about finished rows when a run is stopped."""

    def __init__(self, output: str):
        self._output = output
        self.num_finished: Callable[[], int] | None = None
        self.num_rows = 0
        self.has_workers = False

    def work(self) -> "Work":
        """The work that is left for worker processes."""
        from local_naturalness.cli.stopping import Work

        if not self.has_workers or self.num_finished is None:
            return Work.NONE
        return Work.SOME if self.num_finished() < self.num_rows else Work.DONE

    def told(self) -> str:
        rows = "Finished rows are"
        if self.num_finished is not None:
            # Equal rows share a score, so the next run may find more of them.
            rows = f"At least {self.num_finished():,} of {counted(self.num_rows, 'row')} are scored and"
        return f"{rows} kept in {self._output!r}.\nTo continue, run the same command again."


def score_rows(
    table: "Dataset",
    rows: "Sequence[int] | np.ndarray",
    scorer: "Scorer",
    output: "OutputFolder",
    place: Path,
    options: argparse.Namespace,
    kept: Kept,
) -> "Dataset":
    """Score the rows of a table that have no score in the store yet, and show the progress."""
    import numpy as np

    from local_naturalness.cli import work_order
    from local_naturalness.cli.on_ray import fill_store
    from local_naturalness.cli.progress import Noted, followed, note, num_noted
    from local_naturalness.cli.terminal import no_bars_of_datasets

    dataset = table if len(rows) == len(table) else table.select(rows)
    # An actor knows only the number of a row within its batch. So a column of steps is checked here, where
    # the error can name the number in the table.
    is_read = output.has_scores or (options.ray is not None and options.steps_column is not None)
    is_finished = _are_finished(dataset, rows, scorer) if is_read else np.zeros(len(dataset), dtype=bool)
    num_finished = int(is_finished.sum())
    num_rows = len(dataset) - num_finished
    print(
        f"Scored before: {num_finished:,} of {counted(len(dataset), 'row')}; left: {num_rows:,}.", flush=True
    )
    order = work_order.work_order(dataset, scorer, options.shard_rows, options.num_proc or 1)
    if not order.is_that_of_the_table:
        if num_rows:
            print(order, flush=True)
        dataset = dataset.select(order.rows)
        rows, is_finished = np.asarray(rows)[order.rows], is_finished[order.rows]
    kept.num_rows, kept.num_finished = len(dataset), lambda: num_finished
    if num_rows and not options.num_proc and options.ray is None:
        scorer.student.model()  # loading it is not counted as scoring
    notes = place / "progress"
    kept.num_finished = lambda: num_finished + num_noted(notes)
    kept.has_workers = bool(options.num_proc)
    try:
        work = work_order.work_in_rows(dataset, scorer)
        to_do = int(work[~is_finished].sum())
        with no_bars_of_datasets(), followed(notes, num_rows, f"Scoring with {scorer.student.name}", to_do):
            if num_rows and options.ray is not None:
                left = dataset.select(np.flatnonzero(~is_finished))
                fill_store(left, scorer, place, options, lambda *scored: note(notes, *scored))
                is_finished[:] = True
            noted = Noted(scorer, is_finished, work, options.suffix, notes, rows)
            scored = dataset.map(
                noted,
                batched=True,
                batch_size=options.shard_rows,
                num_proc=options.num_proc,
                with_indices=True,
                with_rank=True,
                # The store has all finished rows. A second copy in the cache would only take up space.
                load_from_cache_file=False,
                cache_file_name=str(place / "rows.arrow"),
            )
            kept.has_workers = False
            return scored if order.is_that_of_the_table else scored.select(order.inverse)
    finally:
        num_finished = kept.num_finished()  # count now, because the file of notes is about to be removed
        kept.num_finished = lambda: num_finished


def write_rows(scored: "Dataset", path: Path, rows_of_a_group: int | None = None) -> None:
    """Write scored rows as Parquet."""
    from local_naturalness.inputs.columns import decoded

    # The file is opened here, because `datasets` would read a name with `::` or `[` as an address or a
    # pattern.
    with path.open("wb") as file:
        decoded(scored).to_parquet(file, batch_size=rows_of_a_group)


def is_all_finished(table: "Dataset", scorer: "Scorer") -> bool:
    """Whether every row has a score in the store."""
    return all(map(all, _finished_blocks(table, range(len(table)), scorer)))


def _are_finished(dataset: "Dataset", rows: "Sequence[int] | np.ndarray", scorer: "Scorer") -> "np.ndarray":
    import numpy as np

    blocks = _finished_blocks(dataset, rows, scorer)
    return np.fromiter((one for block in blocks for one in block), bool, len(dataset))


def _finished_blocks(
    dataset: "Dataset", rows: "Sequence[int] | np.ndarray", scorer: "Scorer"
) -> Iterator[list[bool]]:
    from local_naturalness.encoding.examples import BadSteps

    for start in range(0, len(dataset), _ROWS_LOOKED_UP):
        try:
            yield scorer.is_stored(dataset[start : start + _ROWS_LOOKED_UP])
        except BadSteps as error:
            raise error.in_row(int(rows[start + error.row])) from error
