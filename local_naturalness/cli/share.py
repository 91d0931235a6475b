"""Scores one share of the rows of a table (`score --shard-index`). `merge` joins the shares."""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.cli.scored_rows import Kept, score_rows, write_rows
from local_naturalness.counted import counted

if TYPE_CHECKING:
    import numpy as np
    from datasets import Dataset

    from local_naturalness.scorers.scorer import Scorer
    from local_naturalness.store.output_folder import OutputFolder

logger = logging.getLogger(__name__)


def checked_share(options: argparse.Namespace) -> tuple[int, int]:
    """The index of the share and the number of shares, from the options. A single share is the whole table.

    Raises:
        ValueError: the options do not fit together.
    """
    index, num_shards = options.shard_index, options.num_shards
    if options.shard_rows < 1:
        raise ValueError(f"--shard-rows must be at least 1, found {options.shard_rows}.")
    if index is None and num_shards is None:
        return 0, 1
    if index is None or num_shards is None or not 0 <= index < num_shards:
        raise ValueError(
            "--shard-index and --num-shards belong together, and the index must be at least 0 and smaller "
            f"than the number of shards; found --shard-index {index} and --num-shards {num_shards}."
        )
    return index, num_shards


def score_share(
    dataset: "Dataset",
    scorer: "Scorer",
    written: set[str],
    output: "OutputFolder",
    place: Path,
    options: argparse.Namespace,
    kept: Kept,
) -> tuple["Dataset", "Sequence[int] | np.ndarray", str]:
    """Score one share of the rows, and record which rows of which table they are.

    Returns:
        The scored rows, their numbers in the table, and what to print.
    """
    from local_naturalness.store.blocks import block_range, interleaved_rows
    from local_naturalness.store.checked_parts import other_input, takes_ranges
    from local_naturalness.store.input_digests import digest_rows
    from local_naturalness.store.part import Part, write_part

    index, num_shards, block = options.shard_index, options.num_shards, options.shard_rows
    is_interleaved = not takes_ranges(output.parts, num_shards)
    rows_of = interleaved_rows if is_interleaved else block_range
    rows = rows_of(len(dataset), block, index, num_shards)
    digests = digest_rows(dataset, [name for name in dataset.column_names if name not in written])
    output.parts.mkdir(exist_ok=True)
    digests.write(output.parts, place)
    if difference := other_input(output.parts, digests.id, num_shards):
        logger.warning(
            "A finished shard was scored from a different input: %s. `merge` refuses to join the shards "
            "until all of them are scored from the same input.",
            difference,
        )
    scored = score_rows(dataset, rows, scorer, output, place, options, kept)
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
    # Each block is a row group, so that `merge` can read the blocks one by one in the order of the table.
    write_part(
        output.parts, place, part, (lambda path: write_rows(scored, path, block)) if len(rows) else None
    )
    which = (
        f"one of every {counted(num_shards, 'block')} of {counted(block, 'row')}"
        if is_interleaved
        else f"from row {part.first_row}"
    )
    told = (
        f"Shard {index} of {num_shards} is finished: {len(rows):,} of {counted(len(dataset), 'row')} "
        f"({which}). When all shards are finished, run: local-naturalness merge {options.output}"
    )
    return scored, rows, told


def _columns_read(options: argparse.Namespace) -> dict[str, str]:
    """The columns that were scored: a dict from arguments to names."""
    names = ["messages_column"] if options.messages_column else ["prompt_column", "response_column"]
    values = {name: getattr(options, name) for name in [*names, "steps_column"]}
    return {name: value for name, value in values.items() if value is not None}
