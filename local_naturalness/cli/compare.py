"""Show which responses each criterion would choose, and how far the criteria agree.

Example:

    local-naturalness compare scored
    local-naturalness compare scored --criteria local_naturalness global_naturalness random \\
        --outcomes teacher-a=0.61 teacher-b=0.55 --plot criteria.png
"""

import argparse

from local_naturalness.cli.arguments import (
    add_column_arguments,
    add_input_arguments,
    add_report_arguments,
    add_seed_argument,
    add_where_arguments,
    refuse_input,
    show,
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "scored", "scored rows")
    parser.add_argument(
        "--criteria",
        nargs="+",
        metavar="CRITERION",
        help="columns or criteria (default: all known criteria in the table)",
    )
    parser.add_argument(
        "--outcomes",
        nargs="+",
        metavar="TEACHER=ACCURACY",
        help="accuracy of the student trained on each teacher",
    )
    add_where_arguments(parser)
    add_column_arguments(parser, "prompt", "teacher", "response")
    add_seed_argument(parser)
    add_report_arguments(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness import compare_criteria
    from local_naturalness.cli.tables import read_table

    refuse_input([options.scored], [options.output, options.plot])
    comparison = compare_criteria(
        read_table(options.scored, options.split),
        options.criteria,
        outcomes=_outcomes(options.outcomes),
        where=options.where,
        correct=options.correct,
        prompt_column=options.prompt_column,
        teacher_column=options.teacher_column,
        response_column=options.response_column,
        seed=options.seed,
    )
    show(comparison, options)


def _outcomes(words: list[str] | None) -> dict[str, float] | None:
    if words is None:
        return None
    outcomes = {}
    for word in words:
        # A teacher's name may contain the sign. An accuracy does not.
        teacher, _, accuracy = word.rpartition("=")
        try:
            number = float(accuracy)
        except ValueError:
            raise ValueError(f"--outcomes takes TEACHER=ACCURACY, found {word!r}.") from None
        if teacher in outcomes:
            raise ValueError(f"--outcomes names the teacher {teacher!r} twice: leave one out.")
        outcomes[teacher] = number
    return outcomes
