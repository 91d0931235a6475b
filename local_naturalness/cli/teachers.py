"""Rank teachers by a criterion, on the prompts that they have in common.

Example:

    local-naturalness teachers scored --by local_naturalness
    local-naturalness teachers scored --where "is_correct and num_tokens < 8000" --output teachers.md
"""

import argparse

from local_naturalness.cli.arguments import (
    add_column_arguments,
    add_direction_argument,
    add_input_arguments,
    add_report_arguments,
    add_seed_argument,
    add_where_arguments,
    number_from,
    refuse_input,
    show,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "scored", "scored rows")
    parser.add_argument(
        "--by",
        default="local_naturalness",
        metavar="CRITERION",
        help="a column or a criterion (default: local_naturalness)",
    )
    add_direction_argument(parser)
    add_where_arguments(parser)
    parser.add_argument(
        "--complete-only", action="store_true", help="use only the prompts that all teachers answered"
    )
    parser.add_argument(
        "--num-bootstrap",
        type=number_from(1),
        default=1000,
        metavar="N",
        help="bootstrap draws for the intervals, at least 100 to show any (default: 1000)",
    )
    add_column_arguments(parser, "prompt", "teacher")
    add_seed_argument(parser)
    add_report_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness import rank_teachers
    from local_naturalness.cli.error_messages import option_name, ranking_in_options
    from local_naturalness.cli.tables import read_table

    refuse_input([options.scored], [options.output, options.plot])
    ranking = rank_teachers(
        read_table(options.scored, options.split),
        by=options.by,
        direction=options.direction,
        where=options.where,
        correct=options.correct,
        complete_only=options.complete_only,
        num_bootstrap=options.num_bootstrap,
        prompt_column=options.prompt_column,
        teacher_column=options.teacher_column,
        seed=options.seed,
    )
    show(ranking_in_options(ranking, set(map(option_name, vars(options)))), options)
