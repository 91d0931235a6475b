"""Show what exactly is scored of a row: the prompt as the student sees it, the response, its steps.

Nothing is scored, and no weights are loaded. Scores that the input holds already are shown beside the steps.

Example:

    local-naturalness show candidates.jsonl --student Qwen/Qwen2.5-7B --row 3
    local-naturalness show scored --student Qwen/Qwen2.5-7B --row 3 --messages-column messages
"""

import argparse

from local_naturalness.cli.arguments import add_input_arguments, number_from
from local_naturalness.cli.scoring_options import add_scoring_arguments, make_scorer


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "input", "rows of prompt, teacher, response, or another shape that is known")
    parser.add_argument(
        "--row", type=number_from(0), default=0, metavar="N", help="number of the row, from 0 on (default: 0)"
    )
    add_scoring_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.rows import read_rows

    dataset = read_rows(options)
    if options.row >= len(dataset):
        raise ValueError(f"--row {options.row} is not there: the input has rows 0 to {len(dataset) - 1}.")
    print(make_scorer(options).show(dataset[options.row]))
