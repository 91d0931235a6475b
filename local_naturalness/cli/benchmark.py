"""Measure the speed of scoring, compared with other tools, with random weights and tokens.

These implementations run in turn in one process: ours, a plain loop, padded batches, and lm-evaluation-
harness and minicons if they are installed (`pip install 'local_naturalness[peers]'`). Compare only the
ratios within one run. Times of different machines cannot be compared.

Example:

    local-naturalness benchmark --trace-tokens 1500 --responses 4
    local-naturalness benchmark --architecture qwen3_5_text
"""

import argparse
import json

from local_naturalness.cli.arguments import number_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--architecture",
        default="qwen2",
        metavar="TYPE",
        help="model type of the student: qwen2, or a hybrid such as qwen3_5_text, lfm2 or granitemoehybrid",
    )
    parser.add_argument(
        "--prompt-tokens", type=number_from(1), default=250, metavar="N", help="tokens in the prompt"
    )
    parser.add_argument(
        "--trace-tokens", type=number_from(1), default=1_500, metavar="N", help="tokens in a response"
    )
    parser.add_argument(
        "--responses", type=number_from(1), default=1, metavar="N", help="responses to the prompt"
    )
    parser.add_argument(
        "--window", type=number_from(0), default=4, metavar="N", help="preceding steps that each step sees"
    )
    parser.add_argument("--repeats", type=number_from(1), default=5, metavar="N", help="timed rounds")
    parser.add_argument(
        "--max-tokens-per-batch",
        type=number_from(1),
        default=8_192,
        metavar="N",
        help="tokens per forward pass",
    )
    parser.add_argument("--device", default="cpu", help="such as cpu or cuda (default: cpu)")
    parser.add_argument("--dtype", default="float32", help="such as float32 or bfloat16 (default: float32)")
    parser.add_argument("--json", action="store_true", help="print all measurements as JSON")


def run(options: argparse.Namespace) -> None:
    import torch

    from local_naturalness.benchmark.measure import measure
    from local_naturalness.benchmark.workload import ARCHITECTURES, make_model, make_workload

    if options.architecture not in ARCHITECTURES:
        raise ValueError(
            f"`architecture` must be one of {', '.join(ARCHITECTURES)}; found {options.architecture!r}."
        )
    dtype = getattr(torch, options.dtype, None)
    if not isinstance(dtype, torch.dtype):
        raise ValueError(
            f"`dtype` must be one of torch such as float32 or bfloat16; found {options.dtype!r}."
        )
    try:
        model = make_model(options.architecture).to(options.device, dtype)
    except RuntimeError as error:
        raise ValueError(
            f"`device` {options.device!r} cannot be used ({str(error).splitlines()[0]})."
        ) from error
    workload = make_workload(
        model.config.vocab_size,
        options.prompt_tokens,
        options.trace_tokens,
        options.responses,
        options.window,
    )
    settings = {key: value for key, value in vars(options).items() if key not in ("run", "command", "json")}
    report = measure(model, workload, options.max_tokens_per_batch, options.repeats, settings)
    print(json.dumps(report.to_dict(), indent=2) if options.json else report)
