"""Arguments that several commands take."""

import argparse
from collections.abc import Callable
from typing import Any


def add_input_arguments(parser: argparse.ArgumentParser, name: str, meaning: str) -> None:
    """The table to read, and which split of it."""
    parser.add_argument(
        name,
        metavar=name.upper(),
        help=f"{meaning}: a JSON Lines, CSV, TSV or Parquet file, also compressed, a folder of such files or "
        "a saved dataset, or a hub id",
    )
    parser.add_argument("--split", help="split of a dataset that has several (default: train)")


def add_output_argument(parser: argparse.ArgumentParser) -> None:
    """The folder to write."""
    parser.add_argument(
        "--output", metavar="DIR", required=True, help="folder for the resulting Parquet table"
    )


def add_column_arguments(parser: argparse.ArgumentParser, *columns: str) -> None:
    """The names of columns whose default is what they hold, such as prompt."""
    for column in columns:
        parser.add_argument(
            f"--{column}-column", default=column, metavar="COLUMN", help=f"(default: {column})"
        )


def add_direction_argument(parser: argparse.ArgumentParser) -> None:
    """Which way a column counts."""
    parser.add_argument("--direction", choices=("high", "low"), help="for a column without a known direction")


def add_seed_argument(parser: argparse.ArgumentParser) -> None:
    """What chance begins with."""
    parser.add_argument("--seed", type=int, default=0, help="of random choices (default: 0)")


def add_plot_argument(parser: argparse.ArgumentParser) -> None:
    """Where to draw what is printed."""
    parser.add_argument("--plot", metavar="PATH", help="also write a plot (needs the extra 'plots')")


def show(result: Any, plot: str | None) -> None:
    """Print a result, and draw it where that was asked for."""
    print(result)
    if plot:
        result.plot(plot)
        print(f"Plot written to {plot}")


def number_from(smallest: int) -> Callable[[str], int]:
    """A type of argument: a whole number that is not below the smallest."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = smallest - 1
        if number < smallest:
            raise argparse.ArgumentTypeError(f"must be a whole number from {smallest} on; found {text!r}")
        return number

    return read
