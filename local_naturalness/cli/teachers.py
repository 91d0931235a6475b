"""Rank teachers by a criterion over the prompts that they share.

Example:

    local-naturalness teachers scored --by local_naturalness
"""

import argparse

from local_naturalness.cli.arguments import add_input_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "scored", "scored rows")
    parser.add_argument("--by", default="local_naturalness", metavar="CRITERION")
    parser.add_argument("--direction", choices=("high", "low"), help="for a column without a known direction")
    parser.add_argument(
        "--complete-only", action="store_true", help="only prompts that all teachers answered"
    )
    parser.add_argument("--num-bootstrap", type=int, default=1000, metavar="N")
    parser.add_argument("--prompt-column", default="prompt")
    parser.add_argument("--teacher-column", default="teacher")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--plot", metavar="PATH", help="also write a plot (needs the extra 'plots')")


def run(options: argparse.Namespace) -> None:
    from local_naturalness import rank_teachers
    from local_naturalness.cli.tables import read_table

    ranking = rank_teachers(
        read_table(options.scored, options.split),
        by=options.by,
        direction=options.direction,
        complete_only=options.complete_only,
        num_bootstrap=options.num_bootstrap,
        prompt_column=options.prompt_column,
        teacher_column=options.teacher_column,
        seed=options.seed,
    )
    print(ranking)
    if options.plot:
        ranking.plot(options.plot)
        print(f"Plot written to {options.plot}")
