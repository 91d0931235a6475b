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
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.cli.arguments import add_input_arguments, add_output_argument, number_from
from local_naturalness.cli.scoring_options import add_scoring_arguments, make_scorer

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from local_naturalness.scorers.scorer import Scorer
    from local_naturalness.store.output_folder import OutputFolder

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
    from local_naturalness.store.output_folder import OutputFolder
    from local_naturalness.store.parts import Part, block_range, write_part

    index, num_shards = _checked_shard(options)
    output = OutputFolder(options.output)
    output.check(may_replace=True)
    dataset = read_rows(options)
    scorer = make_scorer(options, store=output.scores)
    scorer(dataset[:0])  # wrong columns, student or store: said before anything is written
    rows = block_range(len(dataset), options.shard_rows, index, num_shards)
    with output.in_use(f"{index:05d}-of-{num_shards:05d}") as workplace:
        scored = _scored(dataset.select(rows), scorer, output, workplace, options)
        if num_shards == 1:
            output.write_table(scored.to_parquet, workplace)
        else:
            part = Part(index, num_shards, rows.start, len(rows), len(dataset), scorer.spec)
            write_part(output.parts, workplace, part, scored.to_parquet if rows else None)
        _tell_statuses(scored, f"{scorer.criterion}_status{options.suffix}")
    if num_shards == 1:
        print(f"Written to {output.table}")
    else:
        print(
            f"Shard {index} of {num_shards} is finished: {len(rows)} of {len(dataset)} rows, from row "
            f"{rows.start}. When all are: local-naturalness merge {options.output}"
        )


def _scored(
    dataset: "Dataset", scorer: "Scorer", output: "OutputFolder", workplace: Path, options: argparse.Namespace
) -> "Dataset":
    """Score what is not finished, and show how far it is."""
    from local_naturalness.cli.progress import Noted, followed
    from local_naturalness.cli.terminal import no_bars_of_datasets

    is_finished = _are_finished(dataset, scorer, output)
    num_finished = int(is_finished.sum())
    num_rows = len(dataset) - num_finished
    print(f"{num_finished} of {len(dataset)} rows were scored before, {num_rows} are left.", flush=True)
    if num_rows and not options.num_proc:
        scorer.student.model()  # loading it is not counted as scoring
    notes = workplace / "progress"
    noted = Noted(scorer, is_finished, options.suffix, notes)
    with no_bars_of_datasets(), followed(notes, num_rows, f"Scoring with {scorer.student.name}"):
        return dataset.map(
            noted,
            batched=True,
            batch_size=options.shard_rows,
            num_proc=options.num_proc,
            with_indices=True,
            with_rank=True,
            # The store knows what is finished; a second copy in the cache would only take room.
            load_from_cache_file=False,
            cache_file_name=str(workplace / "rows.arrow"),
        )


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
