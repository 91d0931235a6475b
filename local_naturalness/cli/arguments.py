"""Arguments that several commands take."""

import argparse


def add_input_arguments(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    """The table to read, and which split of it."""
    parser.add_argument(
        name,
        metavar=name.upper(),
        help=f"{meaning}: a JSON Lines, CSV or Parquet file, a folder of Parquet files or a saved dataset, "
        "or a hub id",
    )
    parser.add_argument(
        "--split", default="train", help="split of a dataset that has several (default: train)"
    )


def add_output_argument(parser: argparse.ArgumentParser) -> None:
    """The folder to write."""
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="folder for the resulting Parquet table"
    )
