"""Show exactly what is scored in a row: the prompt as the student sees it, the response and its steps.

Nothing is scored, and no weights are loaded. Scores that the input holds already are shown beside the steps.
Rows are counted as they are scored, one per response: where a row of the input holds several responses, the
first line tells which row of the input it is, and which response.

Example:

    local-naturalness show candidates.jsonl --student Qwen/Qwen2.5-7B --row 3
    local-naturalness show scored --student Qwen/Qwen2.5-7B --row 3 --messages-column messages
"""

import argparse

from local_naturalness.cli.arguments import add_input_arguments, number_from
from local_naturalness.cli.scoring_options import add_scoring_arguments, make_scorer
from local_naturalness.visible import visible_line


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "input", "rows with prompt, teacher and response, or another known format")
    parser.add_argument(
        "--row",
        type=number_from(0),
        default=0,
        metavar="N",
        help="number of the row, counted from 0, one per response (default: 0)",
    )
    add_scoring_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.scoring_input import read_input
    from local_naturalness.shapes.origin import origin_of

    dataset, source, shape = read_input(options)
    origin = origin_of(source, shape, options.row)
    if options.row >= len(dataset):
        counted_as = " (one row per response)" if len(dataset) != len(source) else ""
        raise ValueError(
            f"--row {options.row} does not exist: the rows are numbered 0 to {len(dataset) - 1}{counted_as}."
        )
    if origin is not None:
        print(f"row     {options.row}: {origin}")
    row = dataset[options.row]
    if row.get("teacher") is not None:
        print(f"teacher {visible_line(str(row['teacher']))}")
    print(make_scorer(options).show(row))
