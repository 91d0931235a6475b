"""Score responses with a student and write them with their scores.

Example:

    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored
    local-naturalness score scored --student Qwen/Qwen2.5-7B --scorer global \\
        --statistics rank brier steps --output scored-both
"""

import argparse
from collections import Counter

from local_naturalness.cli.arguments import add_input_arguments, add_output_argument

# Rows per call of the scorer: enough windows for full batches, few enough for a lively progress bar.
_ROWS_PER_BATCH = 64

_LOCAL_ONLY = ("window", "stride", "max_steps", "weighting", "include_prompt", "return_steps", "seed")
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
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "input", "rows of prompt, teacher, response")
    parser.add_argument("--student", required=True, metavar="ID", help="hub id or folder of the student")
    add_output_argument(parser)
    parser.add_argument("--scorer", choices=("local", "global"), default="local")
    student = parser.add_argument_group("student")
    student.add_argument("--revision", help="branch, tag or commit of a hub id")
    student.add_argument("--tokenizer", help="hub id or folder, if not that of the student")
    student.add_argument("--device", help="such as cpu, cuda, cuda:1, auto (default: a GPU if there is one)")
    student.add_argument("--dtype", default="auto", help="such as float32, bfloat16 (default: auto)")
    student.add_argument("--trust-remote-code", action="store_true")
    rows = parser.add_argument_group("rows")
    rows.add_argument("--prompt-column", default="prompt")
    rows.add_argument("--response-column", default="response")
    rows.add_argument("--messages-column", help="conversations whose last assistant turn is the response")
    rows.add_argument("--steps-column", help="lists of texts, for responses that are split already")
    rows.add_argument("--prompt-template", help="format string with {prompt} instead of the chat template")
    rows.add_argument("--suffix", default="", help="appended to the name of every written column")
    settings = parser.add_argument_group("settings")
    settings.add_argument(
        "--splitter", default="sentence", help="sentence, line or paragraph (default: sentence)"
    )
    settings.add_argument("--max-tokens-per-batch", type=int, metavar="N")
    settings.add_argument("--num-proc", type=int, metavar="N", help="worker processes")
    local = parser.add_argument_group("local scorer")
    local.add_argument(
        "--window",
        type=_window,
        default=4,
        help="steps a step sees: a number, a share such as 0.25, or all (default: 4)",
    )
    local.add_argument("--stride", type=int, default=1, metavar="N")
    local.add_argument("--max-steps", type=int, metavar="N", help="score a random sample of N steps")
    local.add_argument("--weighting", choices=("step", "token"), default="step")
    local.add_argument("--no-include-prompt", dest="include_prompt", action="store_false")
    local.add_argument("--return-steps", action="store_true")
    local.add_argument("--seed", type=int, default=0)
    global_ = parser.add_argument_group("global scorer")
    global_.add_argument("--statistics", nargs="+", default=(), choices=("rank", "brier", "entropy", "steps"))


def run(options: argparse.Namespace) -> None:
    from local_naturalness import GlobalScorer, LocalScorer, Student
    from local_naturalness.cli.tables import read_table, write_table

    dataset = read_table(options.input, options.split)
    student = Student(
        options.student,
        tokenizer=options.tokenizer,
        revision=options.revision,
        device=options.device,
        dtype=options.dtype,
        trust_remote_code=options.trust_remote_code,
    )
    is_local = options.scorer == "local"
    names = _BOTH + (_LOCAL_ONLY if is_local else _GLOBAL_ONLY)
    scorer = (LocalScorer if is_local else GlobalScorer)(
        student, **{name: getattr(options, name) for name in names}
    )
    scored = dataset.map(
        scorer,
        batched=True,
        batch_size=_ROWS_PER_BATCH,
        num_proc=options.num_proc,
        with_rank=True,
        desc=f"Scoring with {student.name}",
    )
    path = write_table(scored, options.output, "scored")
    statuses = Counter(scored[f"{scorer.criterion}_status{options.suffix}"])
    print(
        f"{len(scored)} rows: " + ", ".join(f"{count} {status}" for status, count in statuses.most_common())
    )
    print(f"Written to {path}")


def _window(text: str) -> int | float | None:
    if text in ("all", "None"):
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a number of steps, a share such as 0.25, or all; found {text!r}"
        ) from None
