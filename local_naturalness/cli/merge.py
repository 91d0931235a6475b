"""Join the parts that `score --shard-index` has written into the final table.

Fails, and writes nothing, if a row is missing or double or if parts were scored with different settings.

Example:

    local-naturalness score candidates.jsonl --student ID --output scored --shard-index 0 --num-shards 2
    local-naturalness score candidates.jsonl --student ID --output scored --shard-index 1 --num-shards 2
    local-naturalness merge scored
"""

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", metavar="DIR", help="the --output of all shards")


def run(options: argparse.Namespace) -> None:
    import pyarrow.parquet as pq

    from local_naturalness.store.output_folder import OutputFolder
    from local_naturalness.store.parts import joined, read_parts

    output = OutputFolder(options.folder)
    output.check(may_replace=True)
    parts = read_parts(output.parts)
    schema, tables = joined(output.parts, parts)

    def write(path: Path) -> None:
        with pq.ParquetWriter(path, schema, write_page_index=True) as writer:
            for table in tables:
                writer.write_table(table)

    with output.in_use("merge") as workplace:
        output.write_table(write, workplace)
    print(f"{parts[-1].end} rows of {len(parts)} shards written to {output.table}")
