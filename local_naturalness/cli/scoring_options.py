"""The options for how rows are scored, and the scorer that they define."""

import argparse
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from local_naturalness.cli.arguments import number_from
from local_naturalness.cli.error_messages import option_name

if TYPE_CHECKING:
    from local_naturalness.scorers.scorer import Scorer

_LOCAL_ONLY = ("window", "stride", "max_steps", "weighting", "include_prompt", "seed")
_GLOBAL_ONLY = ("statistics",)
_BOTH = (
    "splitter",
    "prompt_column",
    "response_column",
    "messages_column",
    "steps_column",
    "suffix",
    "max_tokens_per_batch",
    "prompt_template",
    "chat_template_kwargs",
    "return_steps",
)


def add_scoring_arguments(parser: argparse.ArgumentParser) -> None:
    """The student, the columns to read, and the settings of both scorers."""
    _add_student(parser)
    _add_rows(parser)
    _add_settings(parser)
    # Options of one scorer are set only if they were given, so that the other scorer can refuse them.
    _add_local_settings(parser, default=argparse.SUPPRESS)
    _add_global_settings(parser, default=argparse.SUPPRESS)


def _add_student(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--student", required=True, metavar="ID", help="hub id or folder of the student")
    parser.add_argument(
        "--scorer", choices=("local", "global"), default="local", help="score to compute (default: local)"
    )
    student = parser.add_argument_group("student")
    student.add_argument("--revision", help="branch, tag or commit of a hub id")
    student.add_argument("--gguf-file", metavar="NAME", help="a GGUF file in the folder or repository")
    student.add_argument("--tokenizer", help="hub id or folder of another tokenizer (default: the student's)")
    student.add_argument("--device", help="cpu, cuda, cuda:1, auto, ... (default: a GPU if there is one)")
    student.add_argument(
        "--dtype",
        default="auto",
        help="auto, float32, bfloat16, ...; auto is bfloat16 on a GPU (default: auto)",
    )
    student.add_argument(
        "--trust-remote-code", action="store_true", help="run code from the student's repository"
    )


def _add_rows(parser: argparse.ArgumentParser) -> None:
    rows = parser.add_argument_group("rows")
    rows.add_argument(
        "--prompt-column",
        metavar="COLUMN",
        help="column of prompts: texts or messages (default: prompt, or as recognised)",
    )
    rows.add_argument(
        "--response-column",
        metavar="COLUMN",
        help="column of responses: the texts to score (default: response, or as recognised)",
    )
    rows.add_argument(
        "--messages-column",
        help="column of conversations; the last assistant turn is the response "
        "(with --splitter turn: all of them)",
    )
    rows.add_argument(
        "--teacher-columns", nargs="+", metavar="COLUMN", help="columns of responses, one column per teacher"
    )
    rows.add_argument(
        "--reasoning-columns",
        nargs="+",
        metavar="COLUMN",
        help="column with the reasoning of the responses; with --teacher-columns, one per teacher",
    )
    rows.add_argument(
        "--shape",
        help="format of the input: rows, messages, sharegpt, prompt-completion, alpaca, lists or wide "
        "(default: as recognised)",
    )
    rows.add_argument("--steps-column", help="column of responses that are already split, as lists of texts")
    rows.add_argument(
        "--prompt-template",
        type=_template,
        help=r"format string with {prompt}, used instead of the chat template; \n is a line break",
    )
    rows.add_argument(
        "--chat-template-kwargs",
        type=_json_object,
        metavar="JSON",
        help="variables of the chat template, such as '{\"enable_thinking\": true}'",
    )
    rows.add_argument("--suffix", default="", help="appended to the name of every written column")


def _add_settings(parser: argparse.ArgumentParser) -> None:
    settings = parser.add_argument_group("settings")
    settings.add_argument(
        "--splitter",
        default="sentence",
        help="sentence, line, paragraph, blank-line or turn (default: sentence)",
    )
    settings.add_argument(
        "--return-steps",
        action="store_true",
        help="add the score and the position of every step, for `report`",
    )
    settings.add_argument(
        "--max-tokens-per-batch",
        type=number_from(1),
        metavar="N",
        help="tokens per forward pass (default: as fits into memory)",
    )


def _add_local_settings(parser: argparse.ArgumentParser, default: str) -> None:
    local = parser.add_argument_group("local scorer")
    local.add_argument(
        "--window",
        type=_window,
        default=default,
        help="previous steps that each step sees: a number, a share such as 0.25, or all (default: 4)",
    )
    local.add_argument(
        "--stride", type=int, default=default, metavar="N", help="steps by which windows advance (default: 1)"
    )
    local.add_argument(
        "--max-steps",
        type=int,
        default=default,
        metavar="N",
        help="score a random sample of N steps (default: all steps)",
    )
    local.add_argument(
        "--weighting",
        choices=("step", "token"),
        default=default,
        help="whether each step or each token has the same weight (default: step)",
    )
    local.add_argument(
        "--no-include-prompt",
        dest="include_prompt",
        action="store_false",
        default=default,
        help="score the steps without the prompt before them",
    )
    local.add_argument(
        "--seed", type=int, default=default, help="seed of the sample of --max-steps (default: 0)"
    )


def _add_global_settings(parser: argparse.ArgumentParser, default: str) -> None:
    global_ = parser.add_argument_group("global scorer")
    global_.add_argument(
        "--statistics",
        nargs="+",
        default=default,
        choices=("rank", "brier", "entropy", "mass_above", "steps"),
        help="statistics to compute for other criteria",
    )


def make_scorer(options: argparse.Namespace, store: Path | None = None) -> "Scorer":
    """The scorer that the options ask for."""
    from local_naturalness import GlobalScorer, LocalScorer, Student

    student = Student(
        options.student,
        tokenizer=options.tokenizer,
        revision=options.revision,
        gguf_file=options.gguf_file,
        device=options.device,
        dtype=options.dtype,
        trust_remote_code=options.trust_remote_code,
    )
    is_local = options.scorer == "local"
    own, others = (_LOCAL_ONLY, _GLOBAL_ONLY) if is_local else (_GLOBAL_ONLY, _LOCAL_ONLY)
    foreign = [option_name(name) for name in others if hasattr(options, name)]
    if foreign:
        raise ValueError(
            f"{', '.join(foreign)} has no effect with --scorer {options.scorer}: leave it out or choose "
            "the other scorer."
        )
    settings = {name: getattr(options, name) for name in _BOTH + own if hasattr(options, name)}
    # If a column was neither named nor recognised, the scorer uses its default name.
    for column in ("prompt_column", "response_column"):
        if settings[column] is None:
            del settings[column]
    return (LocalScorer if is_local else GlobalScorer)(student, store=store, **settings)


def _template(text: str) -> str:
    r"""A template whose `\n`, as a shell passes it on, is a line break (`\\n` is not).

    >>> _template(r"Q: {prompt}\nA: \\nu")
    'Q: {prompt}\nA: \\nu'
    """
    return re.sub(r"(\\?)\\n", lambda found: r"\n" if found[1] else "\n", text)


def _json_object(text: str) -> dict[str, object]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(
            f"must be a JSON object such as '{{\"enable_thinking\": true}}'; found {text!r}"
        )
    return value


def _window(text: str) -> int | float | None:
    if text in ("all", "None"):
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a number of steps, a share such as 0.25, or all; found {text!r}"
        ) from None
