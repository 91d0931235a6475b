"""What the engine promises beside the benchmark: memory, linear time, what cheaper settings save.

    OMP_NUM_THREADS=2 python tests/benchmarks/engine_figures.py

Arbitrary weights and tokens; steps of 5 to 40 tokens, window of 4 steps. Times are medians of interleaved
runs, printed as ratios. About ten minutes on two cores.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import torch

from local_naturalness.benchmark.peak import watch_memory
from local_naturalness.benchmark.workload import make_model, make_workload
from local_naturalness.engine import Engine

# Attention and output layer weigh as much here as in the benchmark's model, at a fifth of its cost.
SMALL = {"hidden_size": 256, "num_hidden_layers": 4, "intermediate_size": 1024, "vocab_size": 16_000}
WIDE_VOCABULARY = {
    "hidden_size": 256,
    "num_hidden_layers": 2,
    "intermediate_size": 1024,
    "vocab_size": 151_936,
}


def medians(actions: dict[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """Median seconds of actions that take turns, after one turn that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in actions}
    for turn in range(repeats + 1):
        for name, action in actions.items():
            start = time.perf_counter()
            action()
            if turn:
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(values) for name, values in seconds.items()}


def row(what: str, found: str, wanted: str) -> None:
    print(f"| {what} | {found} | {wanted} |", flush=True)


def memory() -> None:
    model = make_model(**WIDE_VOCABULARY)
    engine = Engine(model)
    workload = make_workload(model.config.vocab_size, trace_tokens=16_384)
    engine.score(workload.windows()[:2])
    for name, windows in (("local", workload.windows()), ("global", workload.whole_responses())):
        with watch_memory(model.device) as peak:
            engine.score(windows)
        what = f"peak memory above the model, {name}, 16,384 tokens, vocabulary 151,936"
        row(what, f"{peak.bytes / 1e9:.2f} GB", "at most 1.5 GB")


def linear_time(engine: Engine, vocabulary: int, repeats: int) -> None:
    lengths = (2_048, 8_192, 32_768)
    traces = {length: make_workload(vocabulary, trace_tokens=length).windows() for length in lengths}
    seconds = medians(
        {str(length): lambda windows=traces[length]: engine.score(windows) for length in lengths}, repeats
    )
    per_token = {length: seconds[str(length)] / length for length in lengths}
    for length in lengths[1:]:
        ratio = per_token[length] / per_token[lengths[0]]
        row(f"local: time per token at {length:,} tokens / at 2,048", f"{ratio:.2f}", "at most 1.15")


def cheaper_settings(engine: Engine, vocabulary: int, repeats: int) -> None:
    workload = make_workload(vocabulary, trace_tokens=13_500)
    seconds = medians(
        {
            "exact": lambda: engine.score(workload.windows()),
            "stride=4": lambda: engine.score(workload.windows(stride=4)),
            "max_steps=64": lambda: engine.score(workload.windows(max_steps=64)),
        },
        repeats,
    )
    steps = len(workload.steps[0])
    for name, wanted in (("stride=4", "at least 2"), ("max_steps=64", "at least 6")):
        ratio = seconds["exact"] / seconds[name]
        row(f"exact / {name}, {steps} steps", f"{ratio:.2f}", wanted)


def local_and_global(engine: Engine, vocabulary: int, repeats: int) -> None:
    short = make_workload(vocabulary, trace_tokens=2_048)
    long = make_workload(vocabulary, trace_tokens=16_384)
    seconds = medians(
        {
            "local": lambda: engine.score(short.windows()),
            "global": lambda: engine.score(short.whole_responses()),
            "long sample": lambda: engine.score(long.windows(max_steps=64)),
            "long global": lambda: engine.score(long.whole_responses()),
        },
        repeats,
    )
    ratio = seconds["local"] / seconds["global"] / (short.window + 1)
    row("local / (k + 1) global, 2,048 tokens", f"{ratio:.2f}", "at most 1.15")
    ratio = seconds["long sample"] / seconds["long global"]
    row("max_steps=64 / global, 16,384 tokens", f"{ratio:.2f}", "below 1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    print(f"{torch.get_num_threads()} threads\n\n| what | measured | target |\n|---|---|---|")
    memory()
    small = make_model(**SMALL)
    linear_time(Engine(small), small.config.vocab_size, options.repeats)
    model = make_model()
    cheaper_settings(Engine(model), model.config.vocab_size, options.repeats)
    local_and_global(Engine(model), model.config.vocab_size, options.repeats)


if __name__ == "__main__":
    main()
