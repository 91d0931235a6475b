"""Estimate the tokens, operations, memory and time that scoring will take.

Counts come from a sample of the rows. The time comes from scoring some of them for a few seconds.

Example:

    local-naturalness estimate candidates.jsonl --student Qwen/Qwen2.5-7B --stride 4
    local-naturalness estimate candidates.jsonl --student Qwen/Qwen2.5-7B --calibrate 0
    local-naturalness estimate candidates.jsonl --student Qwen/Qwen2.5-32B --num-gpus 64 --gpu h100
    local-naturalness estimate some-rows.jsonl --student Qwen/Qwen2.5-7B --num-rows 1000000
"""

import argparse
import json
import math
from typing import TYPE_CHECKING, NamedTuple

from local_naturalness.cli.arguments import add_input_arguments, number_from
from local_naturalness.cli.scoring_options import add_scoring_arguments, make_scorer
from local_naturalness.counted import counted
from local_naturalness.estimation.gpu_hours import ASSUMED_SHARE, TFLOPS, hours

if TYPE_CHECKING:
    from local_naturalness.estimation.forecast import Estimate

_PREFIXES = ((1e18, "exa"), (1e15, "peta"), (1e12, "tera"), (1e9, "giga"), (1e6, "mega"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_input_arguments(parser, "input", "rows with prompt, teacher and response, or another known format")
    parser.add_argument(
        "--sample", type=number_from(1), default=1_000, metavar="N", help="rows to read (default: 1000)"
    )
    parser.add_argument(
        "--num-rows",
        type=number_from(1),
        metavar="N",
        help="rows to estimate for, if INPUT is a sample of a larger table (default: the rows of INPUT)",
    )
    parser.add_argument(
        "--calibrate",
        type=_seconds,
        metavar="SECONDS",
        help="score rows of the sample for so many seconds to measure the speed; with 0, no weights are "
        "loaded and no time is given (default: 5, or 0 with --gpu or --gpu-tflops)",
    )
    gpus = parser.add_argument_group(
        "other GPUs", "estimate the hours on other GPUs; the output shows what share of peak speed is assumed"
    )
    gpus.add_argument(
        "--num-gpus", type=number_from(1), metavar="N", help="number of GPUs that share the work (default: 1)"
    )
    kind = gpus.add_mutually_exclusive_group()
    kind.add_argument("--gpu", choices=tuple(TFLOPS), help="GPU with a known peak rate")
    kind.add_argument(
        "--gpu-tflops", type=_rate, metavar="T", help="peak rate of any other GPU: dense bfloat16, Tflop/s"
    )
    parser.add_argument("--json", action="store_true", help="print the numbers as JSON")
    add_scoring_arguments(parser)


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number of seconds from 0 on; found {text!r}")
    return seconds


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError(f"must be a number above 0; found {text!r}")
    return rate


def run(options: argparse.Namespace) -> None:
    from local_naturalness.cli.scoring_input import read_rows
    from local_naturalness.estimation.forecast import estimate

    tflops = TFLOPS[options.gpu] if options.gpu else options.gpu_tflops
    if options.num_gpus and tflops is None:
        raise ValueError(f"--num-gpus needs --gpu or --gpu-tflops. Known are {', '.join(TFLOPS)}.")
    if options.calibrate is None:
        options.calibrate = 0.0 if tflops else 5.0
    dataset = read_rows(options)
    scorer = make_scorer(options)
    found = estimate(
        scorer,
        dataset,
        sample=options.sample,
        num_rows=options.num_rows,
        calibration_seconds=options.calibrate or None,
    )
    budget = None if tflops is None else Budget(options.num_gpus or 1, options.gpu or "GPU", tflops)
    print(json.dumps(_numbers(found, budget), indent=2) if options.json else _text(found, budget))


class Budget(NamedTuple):
    """The GPUs that the user asks about, and the rate of one GPU in Tflop/s."""

    num_gpus: int
    name: str
    tflops: float

    def hours(self, found: "Estimate") -> float:
        return hours(found.operations, self.num_gpus, self.tflops)


def _numbers(found: "Estimate", budget: Budget | None) -> dict[str, object]:
    work = found.work
    numbers: dict[str, object] = {
        "rows": dict(work.rows),
        "sampled_rows": found.sampled_rows,
        "response_tokens": round(work.response_tokens),
        "steps": round(work.steps),
        "scored_tokens": round(work.scored_tokens),
        "passed_tokens": round(work.passed_tokens),
        "operations": found.operations,
        "sampling_error": found.sampling_error,
        "memory_bytes": found.memory_bytes,
        "weight_bytes": found.cost.weight_bytes,
        "path": found.path,
        "max_tokens_per_batch": found.max_tokens_per_batch,
        "operations_per_second": found.operations_per_second,
        "seconds": found.seconds,
        "warnings": list(found.warnings),
    }
    if budget is not None:
        numbers["gpus"] = budget._asdict() | {"assumed_share": ASSUMED_SHARE, "hours": budget.hours(found)}
    return numbers


def _text(found: "Estimate", budget: Budget | None) -> str:
    work, cost = found.work, found.cost
    statuses = ", ".join(f"{count:,} {status}" for status, count in work.rows.most_common())
    error = f" (standard error of the sample {found.sampling_error:.0%})" if found.sampling_error else ""
    lines = [
        f"From {found.sampled_rows:,} of {counted(work.rows.total(), 'row')}:",
        f"rows        {statuses}",
        f"responses   {_rounded(work.response_tokens, 'token')} in {_rounded(work.steps, 'step')}",
        f"to score    {_rounded(work.scored_tokens, 'token')}",
        f"to pass     {_rounded(work.passed_tokens, 'token')} with windows and prompts, {found.path}",
        f"operations  {_scaled(found.operations)}{error}",
        f"memory      {found.memory_bytes / 1e9:.1f} GB: {cost.weight_bytes / 1e9:.1f} GB of weights, the "
        f"rest for passes of {found.max_tokens_per_batch:,} tokens",
    ]
    if found.seconds is not None and found.operations_per_second is not None:
        rate = work.response_tokens / found.seconds
        lines.append(
            f"time        {_duration(found.seconds)} here in one process: {rate:,.0f} response tokens/s, "
            f"{_scaled(found.operations_per_second)} a second"
        )
    if found.speed is not None and found.speed.pass_tokens < found.max_tokens_per_batch:
        lines.append(
            "            This is probably too high: there was only time for passes of "
            f"{found.speed.pass_tokens:,} tokens, which take longer for each token than full ones. Pass "
            f"`--calibrate {found.speed.seconds_for(found.max_tokens_per_batch)}`, in seconds, to time full "
            "passes too."
        )
    if budget is not None:
        lines.append(
            f"budget      {_hours(budget.hours(found))} on {budget.num_gpus} x {budget.name}, if they "
            f"reach {ASSUMED_SHARE:.0%} of {budget.tflops:g} Tflop/s (bfloat16, dense). The share is "
            "assumed. Small models reach less and need more time. Measure yours with --calibrate on one of "
            "them."
        )
    return "\n".join([*lines, *(f"Note: {warning}" for warning in found.warnings)])


def _rounded(number: float, noun: str) -> str:
    return counted(round(number), noun)


def _scaled(operations: float) -> str:
    for size, prefix in _PREFIXES:
        if operations >= size:
            return f"{operations / size:.1f} {prefix}flop"
    return f"{operations:.0f} flop"


def _hours(hours: float) -> str:
    return f"{hours:,.1f} h" if hours >= 1 else _duration(hours * 3600)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    if minutes:
        return f"{minutes} min {rest:02d} s"
    return f"{seconds:.0f} s" if seconds >= 1 else "less than 1 s"
