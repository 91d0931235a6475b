"""Write a web page that shows which teacher and which responses come first, and why.

The page is one HTML file that needs no network. Score with --return-steps to colour each step by its score,
and with both scorers to see where in a trace they differ.

Example:

    local-naturalness report scored --output report.html
    local-naturalness report scored --selection curated --rows 80 --output report.html
    local-naturalness report scored --where is_correct --output report.html
"""

import argparse

from local_naturalness.cli.arguments import (
    add_column_arguments,
    add_input_arguments,
    add_where_arguments,
    number_from,
    refuse_input,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "scored", "scored rows")
    parser.add_argument("--output", metavar="FILE", required=True, help="file to write, such as report.html")
    parser.add_argument(
        "--selection",
        metavar="CURATED",
        help="output of `select` (default: the best responses by the first criterion)",
    )
    parser.add_argument(
        "--rows", type=number_from(1), default=40, metavar="N", help="responses shown with text (default: 40)"
    )
    add_where_arguments(parser)
    add_column_arguments(parser, "prompt", "teacher", "response")
    parser.add_argument("--messages-column", metavar="COLUMN", help="column of conversations, as for `score`")


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.tables import read_table
    from local_naturalness.report import write_report

    refuse_input([options.scored, options.selection], [options.output])
    path = write_report(
        read_table(options.scored, options.split),
        options.output,
        selection=read_table(options.selection) if options.selection else None,
        rows=options.rows,
        where=options.where,
        correct=options.correct,
        prompt_column=options.prompt_column,
        teacher_column=options.teacher_column,
        response_column=options.response_column,
        messages_column=options.messages_column,
    )
    print(f"Written to {path}")
