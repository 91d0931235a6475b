"""Push a selection to the Hub, in the columns that trainers expect, with a dataset card.

Example:

    local-naturalness push curated me/curated --licence apache-2.0 --source-datasets GAIR/LIMO
    local-naturalness push curated me/curated-chat --export messages --private
    local-naturalness push curated me/curated --dry-run
"""

import argparse
import sys

from local_naturalness.cli.arguments import EXPORTS, STUDENT_HELP, add_input_arguments

_PASSED_ON = (
    "private",
    "export",
    "student",
    "licence",
    "source_datasets",
    "token",
    "prompt_column",
    "response_column",
    "teacher_column",
    "dry_run",
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "selection", "output of `select`")
    parser.add_argument("repo_id", metavar="REPO_ID", help="NAMESPACE/NAME, or NAME in your own namespace")
    parser.add_argument(
        "--private",
        action=argparse.BooleanOptionalAction,
        help="visibility of the repository if it is created (default: that of the namespace)",
    )
    parser.add_argument(
        "--export",
        choices=EXPORTS,
        default="prompt-completion",
        help="layout of the data; none leaves the columns as they are (default: prompt-completion)",
    )
    parser.add_argument("--student", metavar="ID", help=STUDENT_HELP)
    parser.add_argument("--licence", metavar="ID", help="licence for the card, such as apache-2.0")
    parser.add_argument(
        "--source-datasets", nargs="+", metavar="ID", help="where prompts and responses come from"
    )
    parser.add_argument(
        "--token", help="access token (default: HF_TOKEN, or the login stored by `hf auth login`)"
    )
    parser.add_argument(
        "--prompt-column",
        help="column of the text or messages that trainers use as the prompt (default: the scored column)",
    )
    parser.add_argument("--response-column", default="response", help="(default: response)")
    parser.add_argument("--teacher-column", help="(default: that of the selection, else teacher)")
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print the files, their columns and the card, and send nothing to the Hub",
    )


def run(options: argparse.Namespace) -> None:
    from local_naturalness import push_selection
    from local_naturalness.cli.tables import read_table

    settings = {name: getattr(options, name) for name in _PASSED_ON}
    settings["export"] = None if options.export == "none" else options.export
    selection = read_table(options.selection, options.split)
    told = push_selection(selection, options.repo_id, **settings)
    print(told if options.dry_run else f"Pushed to {told}")
    if options.dry_run:
        print(f"Nothing was pushed to {options.repo_id}.", file=sys.stderr)
