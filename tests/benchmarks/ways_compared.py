"""The way that a check chooses for hybrids, next to padded batches, on the same windows.

    OMP_NUM_THREADS=1 python tests/benchmarks/ways_compared.py lfm2 granitemoehybrid

One thread, interleaved runs, least time of the process of each, so that other work on the machine matters
little. `--layers 4 --trace-tokens 350` takes a tenth of the time.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import torch
import transformers

from local_naturalness.benchmark.bare_layers import run_bare_layers, run_linear_layers
from local_naturalness.benchmark.contenders import batches_under_budget
from local_naturalness.benchmark.workload import ARCHITECTURES, make_model, make_workload
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.engine.padded import Rows
from local_naturalness.engine.paths import UNLIMITED, Paths


class LongestFirst(Paths):
    """Padded batches without a limit to padding."""

    def plan(self, windows: list[Window], max_tokens: int) -> list[Rows]:
        groups = batches_under_budget([len(window) for window in windows], max_tokens)
        return [Rows(group, max(len(windows[index]) for index in group)) for group in groups]


def compare(options: argparse.Namespace, architecture: str) -> None:
    shape = {
        name: value[: options.layers]
        for name, value in ARCHITECTURES[architecture].items()
        if name in ("layer_types", "layers_block_type")
    }
    model = make_model(architecture, num_hidden_layers=options.layers, **shape)
    workload = make_workload(model.config.vocab_size, options.prompt_tokens, options.trace_tokens)
    windows = workload.windows()
    engine = Engine(model)
    chosen = engine.paths
    plans = [paths.plan(windows, 2_048) for paths in (chosen, Paths(padded=UNLIMITED))]
    passed, in_padded = (sum(one.num_tokens for one in plan) for plan in plans)
    pairs, in_padded_pairs = (sum(one.num_pairs for one in plan) for plan in plans)
    told = f"{architecture}: we pass {passed:,} tokens and padded batches {in_padded:,}, which is"
    times = f"{in_padded / passed:.1f} times as many, with {in_padded_pairs / pairs:.1f} times the pairs"
    print(told, times, file=sys.stderr)

    def score(paths: Paths, max_tokens: int) -> np.ndarray:
        engine.paths, engine.max_tokens = paths, max_tokens
        return np.concatenate([scored["log_prob"] for scored in engine.score(windows)])

    runs: dict[str, Callable[[], np.ndarray | None]] = {
        f"ours ({chosen.name})": lambda: score(chosen, 2_048),
        "padded, 2,048 tokens": lambda: score(Paths(padded=UNLIMITED), 2_048),
        "padded to the longest, 8,192 tokens": lambda: score(LongestFirst(), 8_192),
        "layers without attention": lambda: run_bare_layers(model, passed, workload.num_scored, 2_048),
        "linear layers": lambda: run_linear_layers(model, passed, workload.num_scored, 2_048),
    }
    runs = dict(list(runs.items())[: options.ways])
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    found = {}
    for _ in range(options.repeats):
        for name, run in runs.items():
            start = time.process_time()
            found[name] = run()
            seconds[name].append(time.process_time() - start)
    ours, *_ = runs
    for name in runs:
        ratio = min(seconds[name]) / min(seconds[ours])
        scores = found[name]
        difference = "" if scores is None else f"{np.abs(scores - found[ours]).max():.0e}"
        print(f"| {architecture} | {name} | {ratio:.2f} | {difference} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("architectures", nargs="*", default=["qwen3_5_text", "lfm2", "granitemoehybrid"])
    parser.add_argument("--layers", type=int, default=8)
    parser.add_argument("--prompt-tokens", type=int, default=250)
    parser.add_argument("--trace-tokens", type=int, default=1_521)
    parser.add_argument("--ways", type=int, help="how many of the ways, in the order of the table; all")
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    warnings.simplefilter("ignore")  # of transformers: only the table is of interest
    print("| type | way | time as a multiple of ours | largest difference |\n|---|---|---|---|")
    for architecture in options.architectures:
        compare(options, architecture)


if __name__ == "__main__":
    main()
