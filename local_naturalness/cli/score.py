"""Score responses with a student and write them with their scores.

Example:

    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored
    local-naturalness score scored --student Qwen/Qwen2.5-7B --scorer global \\
        --statistics rank brier steps --output scored-both
    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored \\
        --shard-index 0 --num-shards 8

A run that was killed goes on where it was when the same command is given again.
"""

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.cli.arguments import add_input_arguments, add_output_argument, number_from
from local_naturalness.cli.scoring_options import add_scoring_arguments, make_scorer
from local_naturalness.visible import visible

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from local_naturalness.cli.stopping import Work
    from local_naturalness.scorers.scorer import Scorer
    from local_naturalness.store.output_folder import OutputFolder

logger = logging.getLogger(__name__)

# Enough windows for full batches; few enough for a lively progress bar, and to lose little in a crash.
_SHARD_ROWS = 64
_ROWS_LOOKED_UP = 1000  # at once, in the store


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "input", "rows of prompt, teacher, response, or another shape that is known")
    add_output_argument(parser)
    work = parser.add_argument_group("resuming and sharing the work")
    work.add_argument("--num-proc", type=number_from(0), metavar="N", help="worker processes")
    work.add_argument(
        "--shard-rows",
        type=int,
        default=_SHARD_ROWS,
        metavar="N",
        help=f"rows scored together and kept when they are finished (default: {_SHARD_ROWS})",
    )
    work.add_argument("--shard-index", type=int, metavar="I", help="score only this share of the rows")
    work.add_argument(
        "--num-shards", type=int, metavar="N", help="number of shares; `merge` joins them when all are done"
    )
    add_scoring_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.rows import read_rows
    from local_naturalness.cli.stopping import stoppable
    from local_naturalness.store.output_folder import OutputFolder

    index, num_shards = _checked_shard(options)
    output = OutputFolder(options.output)
    output.check(may_replace=True)
    kept = _Kept(options.output)
    with stoppable(kept.told, kept.work):
        dataset = read_rows(options)
        options.shard_rows = min(options.shard_rows, len(dataset))
        scorer = make_scorer(options, store=output.scores)
        written = scorer(dataset[:0])  # wrong columns, student or store: said before anything is written
        with output.in_use(f"{index:05d}-of-{num_shards:05d}") as place:
            if num_shards == 1:
                scored = _scored(dataset, scorer, output, place, options, kept)
                output.write_table(lambda path: _write(scored, path), place)
                told = f"Written to {output.table}"
            else:
                scored, told = _score_shard(dataset, scorer, set(written), output, place, options, kept)
            _tell_statuses(scored, f"{scorer.criterion}_status{options.suffix}")
    _tell_hidden(options.input)
    print(told)


def _tell_hidden(source: str) -> None:
    """Last, so that it does not scroll away: files that somebody may have meant to be scored."""
    from local_naturalness.inputs.folders import hidden_tables

    if Path(source).is_dir() and (hidden := hidden_tables(Path(source))):
        names = ", ".join(map(visible, hidden[:5])) + (" and others" if len(hidden) > 5 else "")
        print(f"Passed over, since their names begin with a dot: {names}", file=sys.stderr)


class _Kept:
    """What to say of finished rows when a run is stopped."""

    def __init__(self, output: str):
        self._output = output
        self.num_finished: Callable[[], int] | None = None
        self.num_rows = 0
        self.has_workers = False

    def work(self) -> "Work":
        """What workers have to do."""
        from local_naturalness.cli.stopping import Work

        if not self.has_workers or self.num_finished is None:
            return Work.NONE
        return Work.SOME if self.num_finished() < self.num_rows else Work.DONE

    def told(self) -> str:
        rows = "Finished rows are"
        if self.num_finished is not None:
            rows = f"{self.num_finished():,} of {self.num_rows:,} rows are scored and"
        return f"{rows} kept in {self._output!r}.\nTo go on from there, give the same command again."


def _score_shard(
    dataset: "Dataset",
    scorer: "Scorer",
    written: set[str],
    output: "OutputFolder",
    place: Path,
    options: argparse.Namespace,
    kept: _Kept,
) -> tuple["Dataset", str]:
    """Score one share of the rows, and note which rows of which table they are."""
    from local_naturalness.store.blocks import block_range, interleaved_rows
    from local_naturalness.store.inputs import digest_rows
    from local_naturalness.store.part import Part, write_part
    from local_naturalness.store.parts import other_input, takes_ranges

    index, num_shards, block = options.shard_index, options.num_shards, options.shard_rows
    is_interleaved = not takes_ranges(output.parts, num_shards)
    rows_of = interleaved_rows if is_interleaved else block_range
    rows = rows_of(len(dataset), block, index, num_shards)
    digests = digest_rows(dataset, [name for name in dataset.column_names if name not in written])
    output.parts.mkdir(exist_ok=True)
    digests.write(output.parts, place)
    if difference := other_input(output.parts, digests.id, num_shards):
        logger.warning(
            "The input is another one than that of a shard that is finished: %s. `merge` will refuse them "
            "until all shards are scored from the same input.",
            difference,
        )
    scored = _scored(dataset.select(rows), scorer, output, place, options, kept)
    part = Part(
        index,
        num_shards,
        first_row=rows.start if isinstance(rows, range) else min(index * block, len(dataset)),
        num_rows=len(rows),
        total_rows=len(dataset),
        spec=scorer.spec,
        shard_rows=block,
        is_interleaved=is_interleaved,
        columns=_columns_read(options),
        input=digests.id,
    )
    # A row group for each block, so that `merge` can put blocks in their order one by one.
    write_part(output.parts, place, part, (lambda path: _write(scored, path, block)) if len(rows) else None)
    which = (
        f"one of every {num_shards} blocks of {block} rows"
        if is_interleaved
        else f"from row {part.first_row}"
    )
    return scored, (
        f"Shard {index} of {num_shards} is finished: {len(rows)} of {len(dataset)} rows ({which}). When all "
        f"are: local-naturalness merge {options.output}"
    )


def _scored(
    dataset: "Dataset",
    scorer: "Scorer",
    output: "OutputFolder",
    place: Path,
    options: argparse.Namespace,
    kept: _Kept,
) -> "Dataset":
    """Score what is not finished, and show how far it is."""
    from local_naturalness.cli.progress import Noted, followed, num_noted
    from local_naturalness.cli.terminal import no_bars_of_datasets

    is_finished = _are_finished(dataset, scorer, output)
    num_finished = int(is_finished.sum())
    num_rows = len(dataset) - num_finished
    print(f"{num_finished} of {len(dataset)} rows were scored before, {num_rows} are left.", flush=True)
    kept.num_rows, kept.num_finished = len(dataset), lambda: num_finished
    if num_rows and not options.num_proc:
        scorer.student.model()  # loading it is not counted as scoring
    notes = place / "progress"
    noted = Noted(scorer, is_finished, options.suffix, notes)
    kept.num_finished = lambda: num_finished + num_noted(notes)
    kept.has_workers = bool(options.num_proc)
    try:
        with no_bars_of_datasets(), followed(notes, num_rows, f"Scoring with {scorer.student.name}"):
            scored = dataset.map(
                noted,
                batched=True,
                batch_size=options.shard_rows,
                num_proc=options.num_proc,
                with_indices=True,
                with_rank=True,
                # The store knows what is finished; a second copy in the cache would only take room.
                load_from_cache_file=False,
                cache_file_name=str(place / "rows.arrow"),
            )
            kept.has_workers = False
            return scored
    finally:
        num_finished = kept.num_finished()  # the notes are about to be removed
        kept.num_finished = lambda: num_finished


def _write(scored: "Dataset", path: Path, rows_of_a_group: int | None = None) -> None:
    from local_naturalness.inputs.columns import decoded

    # Opened here: `datasets` would take a name with `::` or `[` for an address or a pattern.
    with path.open("wb") as file:
        decoded(scored).to_parquet(file, batch_size=rows_of_a_group)


def _columns_read(options: argparse.Namespace) -> dict[str, str]:
    """The columns that the scores are of, argument and name."""
    names = ["messages_column"] if options.messages_column else ["prompt_column", "response_column"]
    values = {name: getattr(options, name) for name in [*names, "steps_column"]}
    return {name: value for name, value in values.items() if value is not None}


def _are_finished(dataset: "Dataset", scorer: "Scorer", output: "OutputFolder") -> "np.ndarray":
    import numpy as np

    is_finished = np.zeros(len(dataset), dtype=bool)
    if output.has_scores:  # else there is no need to read the rows
        for start in range(0, len(dataset), _ROWS_LOOKED_UP):
            block = slice(start, start + _ROWS_LOOKED_UP)
            is_finished[block] = scorer.is_stored(dataset[block])
    return is_finished


def _checked_shard(options: argparse.Namespace) -> tuple[int, int]:
    index, num_shards = options.shard_index, options.num_shards
    if options.shard_rows < 1:
        raise ValueError(f"--shard-rows must be at least 1, found {options.shard_rows}.")
    if index is None and num_shards is None:
        return 0, 1
    if index is None or num_shards is None or not 0 <= index < num_shards:
        raise ValueError(
            "--shard-index and --num-shards belong together, with an index from 0 to the number less one; "
            f"found --shard-index {index} and --num-shards {num_shards}."
        )
    return index, num_shards


def _tell_statuses(scored: "Dataset", column: str) -> None:
    statuses = Counter(scored[column] if len(scored) else [])
    counts = "".join(f", {count} {status}" for status, count in statuses.most_common())
    print(f"{len(scored)} rows{counts.replace(',', ':', 1)}")
