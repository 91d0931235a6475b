"""Scoring on a GPU at the shapes of real students, as the tables of docs/performance.md.

    python tests/benchmarks/gpu_figures.py --seconds 540

First tiny models of several mechanisms in float32 and bfloat16, each against single rows, and memory that
runs out. Then arbitrary weights in bfloat16 in the shapes of Qwen2.5-0.5B, Qwen2.5-7B and a hybrid like
Qwen3.5-0.8B, traces of 2K and 16K tokens in steps of 5 to 40, window of 4 steps: every way open to the
model, the global pass, a sample of 64 steps. Without a GPU it says so and measures nothing.
`--device cpu --dtype float32 --shapes tiny --traces 200` tries the script itself.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from local_naturalness.benchmark.bare_layers import layer_operations, matrix_rate
from local_naturalness.benchmark.peak import watch_memory
from local_naturalness.benchmark.workload import Workload, make_model, make_workload
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.engine.paths import UNLIMITED, Paths

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_types import tiny_type

_DENSE = {"tie_word_embeddings": True, "vocab_size": 151_936}
SHAPES: dict[str, dict[str, Any]] = {
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128, "vocab_size": 500},
    "0.5B": _DENSE
    | {
        "hidden_size": 896,
        "num_hidden_layers": 24,
        "intermediate_size": 4864,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
    },
    "0.8B hybrid": _DENSE
    | {
        "architecture": "qwen3_5_text",
        "hidden_size": 1024,
        "num_hidden_layers": 24,
        "intermediate_size": 3584,
        "layer_types": (["linear_attention"] * 3 + ["full_attention"]) * 6,
        "head_dim": 256,
        "linear_num_value_heads": 16,
        "linear_num_key_heads": 16,
        "linear_key_head_dim": 128,
        "linear_value_head_dim": 128,
    },
    "7B": {
        "hidden_size": 3584,
        "num_hidden_layers": 28,
        "intermediate_size": 18_944,
        "num_attention_heads": 28,
        "num_key_value_heads": 4,
        "vocab_size": 152_064,
    },
}
MECHANISMS = (
    "llama",
    "gemma3_text",
    "gpt_oss",
    "qwen3_moe",
    "qwen3_5_text",
    "lfm2",
    "granitemoehybrid",
    "mamba2",
    "bloom",
)
WAYS = {"cached": Paths(cached=UNLIMITED, padded=UNLIMITED), "padded": Paths(padded=UNLIMITED)}
TOKENS_PER_BATCH = 32_768
REPEATS = 3


def seconds_of(action: Callable[[], object], device: torch.device) -> float:
    """The median of some runs after one that is not counted."""
    found = []
    for turn in range(REPEATS + 1):
        start = time.perf_counter()
        action()
        if device.type == "cuda":
            torch.cuda.synchronize()
        if turn:
            found.append(time.perf_counter() - start)
    return float(np.median(found))


def rows(model: Any, engine: Engine, workload: Workload) -> Iterator[str]:
    """A line for every way of local scoring, the global pass and a sample of steps."""
    rate = matrix_rate(model)
    chosen = engine.paths
    ways = {chosen.name: chosen} | {name: way for name, way in WAYS.items() if _is_open(engine, name, way)}
    whole = workload.whole_responses()
    base = seconds_of(lambda: engine.score(whole), model.device)
    for name, windows, paths in (
        ("global", whole, chosen),
        *((f"local, {name}", workload.windows(), way) for name, way in ways.items()),
        ("local, max_steps=64", workload.windows(max_steps=64), chosen),
    ):
        engine.paths = paths
        with watch_memory(model.device) as peak:
            seconds = seconds_of(lambda windows=windows: engine.score(windows), model.device)
        passed = sum(one.num_tokens for one in paths.plan(windows, engine.max_tokens))
        scored = sum(len(window.scored) for window in windows)
        share = layer_operations(model, passed, scored) / seconds / rate
        yield (
            f"{name} | {workload.num_scored / seconds:,.0f} | {seconds / base:.2f} | {share:.0%} | "
            f"{peak.bytes / 1e9:.1f} GB"
        )
    engine.paths = chosen


def _is_open(engine: Engine, name: str, way: Paths) -> bool:
    """Whether a way gives the scores of the chosen one; a packed model need not have been checked for it."""
    windows = make_workload(500, prompt_tokens=30, trace_tokens=200).windows()
    chosen = engine.paths
    expected = engine.score(windows)
    engine.paths = way
    try:
        found = engine.score(windows)
    finally:
        engine.paths = chosen
    return (
        max(np.abs(a["log_prob"] - b["log_prob"]).max() for a, b in zip(found, expected, strict=True)) < 0.2
    )


def exactness(device: torch.device) -> Iterator[str]:
    """A line for every mechanism and number type: the way and the largest difference from single rows."""
    generator = np.random.default_rng(0)
    prompt = generator.integers(0, 400, 300)
    windows = [Window(prompt, generator.integers(0, 400, length), 3) for length in (9, 30, 60, 200)]
    for name in MECHANISMS:
        for dtype in (torch.float32, torch.bfloat16):
            model = tiny_type(name, initializer_range=0.1).to(device, dtype)
            engine = Engine(model)
            found = engine.score(windows)
            way, engine.paths = engine.paths.name, Paths()
            alone = engine.score(windows)
            worst = max(
                np.abs(a["log_prob"] - b["log_prob"]).max() for a, b in zip(found, alone, strict=True)
            )
            yield f"{name} | {str(dtype).removeprefix('torch.')} | {way} | {worst:.0e}"


def memory_runs_out(device: torch.device) -> str:
    """Batches that are far too large for what is left of the memory: they must shrink, scores must stay."""
    model = make_model(**SHAPES["0.5B"]).to(device, torch.bfloat16)
    windows = make_workload(model.config.vocab_size, trace_tokens=16_384, num_responses=4).windows()
    expected = Engine(model, 4_096).score(windows)
    free, _ = torch.cuda.mem_get_info(device)
    taken = torch.empty(int(free - 3e9), dtype=torch.uint8, device=device)
    engine = Engine(model, 2**20)
    found = engine.score(windows)
    del taken
    worst = max(np.abs(a["log_prob"] - b["log_prob"]).max() for a, b in zip(found, expected, strict=True))
    return f"from {2**20:,} to {engine.max_tokens:,} tokens per batch, scores within {worst:.0e} nats"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", type=torch.device, default=torch.device("cuda"))
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["0.5B", "0.8B hybrid", "7B"])
    parser.add_argument("--traces", nargs="+", type=int, default=[2_048, 16_384], metavar="TOKENS")
    parser.add_argument("--seconds", type=float, default=540, help="nothing new is begun after so many")
    options = parser.parse_args()
    if options.device.type == "cuda" and not torch.cuda.is_available():
        print("Not measured: torch finds no GPU here.")
        return 1
    end = time.monotonic() + options.seconds
    name = torch.cuda.get_device_name() if options.device.type == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}, {options.dtype}\n", flush=True)
    print("| type | number type | way | largest difference from single rows |\n|---|---|---|---|")
    for line in exactness(options.device):
        print(f"| {line} |", flush=True)
    if options.device.type == "cuda":
        print(f"\nMemory runs out: {memory_runs_out(options.device)}.")
    print("\n| shape | trace | what | response tokens/s | times global | of matrix rate | peak memory |")
    print("|---|---|---|---|---|---|---|")
    for shape in options.shapes:
        with options.device:
            model = make_model(**SHAPES[shape]).to(getattr(torch, options.dtype))
        engine = Engine(model, TOKENS_PER_BATCH)
        for trace in options.traces:
            if time.monotonic() > end:
                print(f"| {shape} | {trace:,} | not measured, the time is over |")
                continue
            for row in rows(model, engine, make_workload(model.config.vocab_size, trace_tokens=trace)):
                print(f"| {shape} | {trace:,} | {row} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
