"""Join the shards that `score --shard-index` has scored into one table.

Fails and writes nothing if a row is missing or appears twice, if parts were scored with different settings
or from different inputs, or if a file is damaged.

Example:

    local-naturalness score candidates.jsonl --student ID --output scored --shard-index 0 --num-shards 2
    local-naturalness score candidates.jsonl --student ID --output scored --shard-index 1 --num-shards 2
    local-naturalness merge scored
"""

import argparse
import sys
from pathlib import Path

from local_naturalness.counted import counted
from local_naturalness.visible import visible

_BY_POSITION = (
    "The parts were written by an earlier version, which stored no checksums and no digests of the input. "
    "Only their positions and numbers of rows were checked. To check their content too, score the shards "
    "again with the same commands (finished rows are kept), and merge again."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the --output folder that all shards share")


def run(options: argparse.Namespace) -> None:
    import pyarrow.parquet as pq

    from local_naturalness.cli.replaced import Held, replaced
    from local_naturalness.store.checked_parts import read_parts
    from local_naturalness.store.joining import joined
    from local_naturalness.store.output_folder import OutputFolder

    output = OutputFolder(options.folder)
    output.check(may_replace=True)
    parts = read_parts(output.parts)
    schema, tables = joined(output.parts, parts)

    def write(path: Path) -> None:
        with pq.ParquetWriter(path, schema, write_page_index=True) as writer:
            for table in tables:
                writer.write_table(table)

    before = Held.in_file(output.table)
    with output.in_use("merge") as place:
        output.write_table(write, place)
    print(
        f"{counted(parts[0].total_rows, 'row')} of {counted(len(parts), 'shard')} written to {output.table}"
    )
    if all(part.input is None for part in parts):
        print(_BY_POSITION)
    if lost := replaced(before, output.table, output.has_scores):
        print(visible(lost), file=sys.stderr)
