"""Select the best responses to every prompt by a criterion.

Example:

    local-naturalness select scored --by local_naturalness --k 1 --output curated
    local-naturalness select scored --by local_naturalness=1 global_naturalness=0.5 \\
        --where "is_correct and num_tokens < 8000" --output curated-mixed
    local-naturalness select scored --output curated --export trl --student Qwen/Qwen2.5-7B
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.cli.arguments import (
    EXPORTS,
    STUDENT_HELP,
    add_column_arguments,
    add_direction_argument,
    add_input_arguments,
    add_output_argument,
    add_seed_argument,
    add_where_arguments,
    number_from,
)
from local_naturalness.counted import counted

if TYPE_CHECKING:
    from datasets import Dataset

_PASSED_ON = (
    "mode",
    "direction",
    "where",
    "min_score",
    "max_teacher_share",
    "normalize",
    "weights",
    "match_length",
    "correct",
    "prompt_column",
    "response_column",
    "teacher_column",
    "seed",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "scored", "scored rows")
    add_output_argument(parser)
    parser.add_argument(
        "--by",
        nargs="+",
        default=["local_naturalness"],
        metavar="CRITERION",
        help="a column, a criterion, random, or several as CRITERION=WEIGHT (default: local_naturalness)",
    )
    parser.add_argument("--k", type=_count, default=1, help="responses per prompt, or all (default: 1)")
    parser.add_argument("--mode", choices=("best", "worst"), default="best", help="(default: best)")
    add_direction_argument(parser)
    add_where_arguments(parser)
    parser.add_argument(
        "--min-score", type=float, help="select only responses that are at least as good as this value"
    )
    parser.add_argument(
        "--max-teacher-share",
        type=float,
        metavar="SHARE",
        help="largest share of the selected responses for one teacher, such as 0.4",
    )
    parser.add_argument(
        "--normalize",
        choices=("zscore", "rank"),
        default="zscore",
        help="how several criteria are made comparable within a prompt (default: zscore)",
    )
    parser.add_argument(
        "--weights",
        choices=("chi2",),
        help="also write selection_weight, the weight of each selected response within its prompt",
    )
    parser.add_argument(
        "--match",
        metavar="SELECTION",
        help="with --by random: draw a random control with the prompts and teacher shares of this selection",
    )
    parser.add_argument("--match-length", action="store_true", help="with --match: match its lengths too")
    parser.add_argument(
        "--return-rejected",
        action="store_true",
        help="also write the rows that were not selected, with the reason, to DIR-rejected",
    )
    parser.add_argument(
        "--export",
        choices=EXPORTS,
        default="none",
        help="write the columns that trainers read instead of prompt and response (default: none)",
    )
    parser.add_argument("--student", metavar="ID", help=STUDENT_HELP)
    add_column_arguments(parser, "prompt", "response", "teacher")
    add_seed_argument(parser)


def run(options: argparse.Namespace) -> None:
    from local_naturalness import select_responses
    from local_naturalness.cli.description import keep_description
    from local_naturalness.cli.tables import read_table
    from local_naturalness.inputs.columns import decoded
    from local_naturalness.store.output_folder import OutputFolder
    from local_naturalness.training import export, preview

    output = OutputFolder(options.output, "selected")
    named = Path(options.output)
    named = named if named.name.strip(".") else named.resolve()  # `.` has no name of its own
    beside = OutputFolder(str(named.with_name(f"{named.name}-rejected")), "rejected")
    for folder in (output, beside) if options.return_rejected else (output,):
        folder.check(may_replace=False)
    selected = select_responses(
        read_table(options.scored, options.split),
        by=_criterion(options.by),
        k=options.k,
        match=read_table(options.match) if options.match else None,
        return_rejected=options.return_rejected,
        **{name: getattr(options, name) for name in _PASSED_ON},
    )
    if options.return_rejected:
        selected, rejected = selected
    form = None if options.export == "none" else options.export
    selected = export(
        selected,
        form,
        student=options.student,
        prompt_column=_column_of_texts(selected, options.prompt_column),
        response_column=options.response_column,
    )
    if options.return_rejected:
        beside.write_table(decoded(rejected).to_parquet, may_replace=False)
    output.write_table(decoded(selected).to_parquet, may_replace=False)
    keep_description(selected, output.table)
    print(f"{counted(len(selected), 'response')} selected, written to {output.table}")
    if form is not None and len(selected):
        print(f"The first row, as a trainer reads it:\n{preview(selected)}")


def _column_of_texts(selected: "Dataset", prompt_column: str | None) -> str | None:
    """The column that identified prompts, if nothing else tells which column holds their texts."""
    from local_naturalness.tables import is_prompt_key

    names = selected.column_names
    if prompt_column is None or "prompt" in names or any(map(is_prompt_key, names)):
        return None
    return prompt_column


def _criterion(words: list[str]) -> str | dict[str, float]:
    if len(words) == 1 and "=" not in words[0]:
        return words[0]
    weights = {}
    for word in words:
        name, _, weight = word.partition("=")
        if name in weights:
            raise ValueError(f"--by names {name!r} twice: leave one out.")
        try:
            weights[name] = float(weight or 1)
        except ValueError:
            raise ValueError(f"--by takes CRITERION or CRITERION=WEIGHT, found {word!r}.") from None
    return weights


def _count(text: str) -> int | None:
    return None if text == "all" else number_from(1)(text)
