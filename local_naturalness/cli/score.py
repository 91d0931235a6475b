"""Score responses with a student and write them with their scores.

Example:

    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored
    local-naturalness score scored --student Qwen/Qwen2.5-7B --scorer global \\
        --statistics rank brier steps --output scored-both
    local-naturalness score candidates.jsonl --student Qwen/Qwen2.5-7B --output scored \\
        --shard-index 0 --num-shards 8

A run that was killed goes on where it was when the same command is given again.
"""

import argparse
from collections import Counter
from typing import TYPE_CHECKING

from local_naturalness.cli.arguments import add_input_arguments, add_output_argument

if TYPE_CHECKING:
    from datasets import Dataset

    from local_naturalness.scoring import Scorer
    from local_naturalness.store.output_folder import OutputFolder

# Enough windows for full batches; few enough for a lively progress bar, and to lose little in a crash.
_SHARD_ROWS = 64

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
        "--splitter", default="sentence", help="sentence, line, paragraph or turn (default: sentence)"
    )
    settings.add_argument("--max-tokens-per-batch", type=int, metavar="N")
    settings.add_argument("--num-proc", type=int, metavar="N", help="worker processes")
    work = parser.add_argument_group("resuming and sharing the work")
    work.add_argument(
        "--shard-rows",
        type=int,
        default=_SHARD_ROWS,
        metavar="N",
        help=f"rows scored together and kept when they are finished (default: {_SHARD_ROWS})",
    )
    work.add_argument("--shard-index", type=int, metavar="I", help="score only this share of the rows")
    work.add_argument(
        "--num-shards", type=int, metavar="N", help="number of shares; `merge` joins them when all are done"
    )
    # Options of one scorer are there only when given, so that the other one can refuse them.
    given = argparse.SUPPRESS
    local = parser.add_argument_group("local scorer")
    local.add_argument(
        "--window",
        type=_window,
        default=given,
        help="steps a step sees: a number, a share such as 0.25, or all (default: 4)",
    )
    local.add_argument("--stride", type=int, default=given, metavar="N", help="(default: 1)")
    local.add_argument(
        "--max-steps", type=int, default=given, metavar="N", help="score a random sample of N steps"
    )
    local.add_argument("--weighting", choices=("step", "token"), default=given, help="(default: step)")
    local.add_argument("--no-include-prompt", dest="include_prompt", action="store_false", default=given)
    local.add_argument("--return-steps", action="store_true", default=given)
    local.add_argument("--seed", type=int, default=given, help="(default: 0)")
    global_ = parser.add_argument_group("global scorer")
    global_.add_argument(
        "--statistics", nargs="+", default=given, choices=("rank", "brier", "entropy", "steps")
    )


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.tables import read_table
    from local_naturalness.store.output_folder import OutputFolder
    from local_naturalness.store.parts import Part, block_range, write_part

    index, num_shards = _checked_shard(options)
    output = OutputFolder(options.output)
    output.refuse_other_tables()
    dataset = read_table(options.input, options.split)
    scorer = _scorer(options, output)
    scorer(dataset[:0])  # wrong columns, student or store: said before anything is written
    rows = block_range(len(dataset), options.shard_rows, index, num_shards)
    with output.in_use(f"{index:05d}-of-{num_shards:05d}") as workplace:
        scored = dataset.select(rows).map(
            scorer,
            batched=True,
            batch_size=options.shard_rows,
            num_proc=options.num_proc,
            with_rank=True,
            desc=f"Scoring with {scorer.student.name}",
            # The store knows what is finished; a second copy in the cache would only take room.
            load_from_cache_file=False,
            cache_file_name=str(workplace / "rows.arrow"),
        )
        if num_shards == 1:
            output.write_table(workplace, scored.to_parquet)
        else:
            part = Part(index, num_shards, rows.start, len(rows), len(dataset), scorer.spec)
            write_part(output.parts, workplace, part, scored.to_parquet if rows else None)
        _tell_statuses(scored, f"{scorer.criterion}_status{options.suffix}")
    if num_shards == 1:
        print(f"Written to {output.table}")
    else:
        print(
            f"Shard {index} of {num_shards} is finished: {len(rows)} of {len(dataset)} rows, from row "
            f"{rows.start}. When all are: local-naturalness merge {options.output}"
        )


def _scorer(options: argparse.Namespace, output: "OutputFolder") -> "Scorer":
    from local_naturalness import GlobalScorer, LocalScorer, Student

    student = Student(
        options.student,
        tokenizer=options.tokenizer,
        revision=options.revision,
        device=options.device,
        dtype=options.dtype,
        trust_remote_code=options.trust_remote_code,
    )
    is_local = options.scorer == "local"
    own, others = (_LOCAL_ONLY, _GLOBAL_ONLY) if is_local else (_GLOBAL_ONLY, _LOCAL_ONLY)
    foreign = [f"--{name.replace('_', '-')}" for name in others if hasattr(options, name)]
    if foreign:
        raise ValueError(
            f"{', '.join(foreign)} does nothing with --scorer {options.scorer}: leave it out or choose the "
            "other scorer."
        )
    settings = {name: getattr(options, name) for name in _BOTH + own if hasattr(options, name)}
    return (LocalScorer if is_local else GlobalScorer)(student, store=output.scores, **settings)


def _checked_shard(options: argparse.Namespace) -> tuple[int, int]:
    index, num_shards = options.shard_index, options.num_shards
    if options.shard_rows < 1:
        raise ValueError(f"--shard-rows must be at least 1, found {options.shard_rows}.")
    if index is None and num_shards is None:
        return 0, 1
    if index is None or num_shards is None or not 0 <= index < num_shards:
        raise ValueError(
            "--shard-index and --num-shards belong together, with an index from 0 to the number less one; "
            f"found --shard-index {index} and --num-shards {num_shards}."
        )
    return index, num_shards


def _tell_statuses(scored: "Dataset", column: str) -> None:
    statuses = Counter(scored[column] if len(scored) else [])
    counts = "".join(f", {count} {status}" for status, count in statuses.most_common())
    print(f"{len(scored)} rows{counts.replace(',', ':', 1)}")


def _window(text: str) -> int | float | None:
    if text in ("all", "None"):
        return None
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"must be a number of steps, a share such as 0.25, or all; found {text!r}"
        ) from None
