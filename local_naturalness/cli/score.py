"""Score responses with a student and write them with their scores.

Example:

    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored
    local-naturalness score scored --student Qwen/Qwen2.5-7B --scorer global \\
        --statistics rank brier steps --output scored-both
    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored \\
        --shard-index 0 --num-shards 8
    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output /shared/scored \\
        --ray auto --num-actors 64

To continue a run that was stopped, run the same command again.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.cli.arguments import add_input_arguments, add_output_argument, number_from
from local_naturalness.cli.scoring_options import add_scoring_arguments, make_scorer
from local_naturalness.counted import counted
from local_naturalness.listed import listed
from local_naturalness.visible import visible

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from local_naturalness.scorers.scorer import Scorer

# Enough rows for full batches, but few enough to update the progress bar often and to lose little in a crash.
_SHARD_ROWS = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "input", "rows with prompt, teacher and response, or another known format")
    add_output_argument(parser)
    work = parser.add_argument_group("several processes, machines and Ray")
    work.add_argument("--num-proc", type=number_from(0), metavar="N", help="worker processes")
    work.add_argument(
        "--shard-rows",
        type=int,
        default=_SHARD_ROWS,
        metavar="N",
        help=f"rows that are scored and saved together (default: {_SHARD_ROWS})",
    )
    work.add_argument("--shard-index", type=int, metavar="I", help="score only this shard, counted from 0")
    work.add_argument(
        "--num-shards", type=int, metavar="N", help="number of shards; `merge` joins them when all are done"
    )
    work.add_argument(
        "--ray",
        nargs="?",
        const="",
        metavar="ADDRESS",
        help="score on a Ray cluster: its HOST:PORT, or auto for the cluster that this machine belongs to "
        "(default: RAY_ADDRESS, else only this machine); --output must be on a disk that all machines share",
    )
    work.add_argument(
        "--num-actors",
        type=number_from(1),
        metavar="N",
        help="with --ray: number of students that score at the same time",
    )
    work.add_argument(
        "--gpus-per-actor",
        type=float,
        metavar="N",
        help="with --ray: GPUs per student (default: 1 if the cluster has any)",
    )
    add_scoring_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.on_ray import check_cluster_options, cluster
    from local_naturalness.cli.replaced import Held, replaced
    from local_naturalness.cli.scored_rows import Kept, score_rows, write_rows
    from local_naturalness.cli.scoring_input import read_rows
    from local_naturalness.cli.share import checked_share, score_share
    from local_naturalness.cli.stopping import stoppable
    from local_naturalness.store.output_folder import OutputFolder
    from local_naturalness.store.part import part_name

    check_cluster_options(options)
    index, num_shards = checked_share(options)
    output = OutputFolder(options.output)
    output.check(may_replace=True)
    before, had_scores = Held.in_file(output.table), output.has_scores
    kept, lost = Kept(options.output), None
    with ExitStack() as stack:
        stack.enter_context(stoppable(kept.told, kept.work))
        dataset = read_rows(options)
        options.shard_rows = min(options.shard_rows, len(dataset))
        stack.enter_context(cluster(options, dataset, output.scores))
        scorer = make_scorer(options, store=output.scores)
        # These find wrong columns, student or store before a model is loaded and anything is written.
        written = scorer(dataset[:0])
        scorer.check_columns_of(dataset)
        with output.in_use(part_name(index, num_shards)) as place:
            if num_shards == 1:
                scored = score_rows(dataset, range(len(dataset)), scorer, output, place, options, kept)
                output.write_table(lambda path: write_rows(scored, path), place)
                lost = replaced(before, output.table, had_scores)
                told = f"Written to {output.table}"
                rows: Sequence[int] | np.ndarray = range(len(dataset))
            else:
                scored, rows, told = score_share(dataset, scorer, set(written), output, place, options, kept)
            statuses = list(scored[f"{scorer.criterion}_status{options.suffix}"]) if len(scored) else []
            _tell_statuses(statuses)
            _tell_unscored(statuses, rows, dataset, scorer)
    _tell_hidden(options.input)
    print(told)
    if lost:
        print(visible(lost), file=sys.stderr)


def _tell_hidden(source: str) -> None:
    """Name ignored files that may have been meant as input. Printed last, so that it does not scroll away."""
    from local_naturalness.inputs.folders import hidden_tables

    if Path(source).is_dir() and (hidden := hidden_tables(Path(source))):
        names = listed([*map(visible, hidden)], at_most=5)
        print(f"Ignored, because their names begin with a dot: {names}", file=sys.stderr)


def _tell_statuses(statuses: Sequence[str]) -> None:
    counts = "".join(f", {count:,} {status}" for status, count in Counter(statuses).most_common())
    print(f"{counted(len(statuses), 'row')}{counts.replace(',', ':', 1)}")


def _tell_unscored(
    statuses: Sequence[str], rows: "Sequence[int] | np.ndarray", dataset: "Dataset", scorer: "Scorer"
) -> None:
    """For each status without a score, print the number of the first such row, and the reason if it is known.

    Args:
        statuses: status of each row that was scored.
        rows: number of each of these rows in the table.
        dataset: the table.
        scorer: the scorer that was used.
    """
    from local_naturalness.scorers.written_columns import SCORED

    first: dict[str, int] = {}
    for status, row in zip(statuses, rows, strict=True):
        if status not in SCORED:
            first.setdefault(status, int(row))
    if not first:
        return
    told = []
    for status, row in first.items():
        # Other statuses need no explanation.
        notes = scorer.show(dataset[row]).notes if status in ("template_refused", "unreadable_part") else ()
        told.append(f"row {row} ({': '.join([status, *notes[:1]])})")
    print(f"First without a score: {', '.join(told)}. See one with `local-naturalness show` and --row.")
