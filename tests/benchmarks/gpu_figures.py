"""The benchmark on a GPU at the shapes of real students, as the table of docs/performance.md.

    python tests/benchmarks/gpu_figures.py

Arbitrary weights in bfloat16 in the shapes of Qwen2.5-0.5B and -7B, traces of 2K and 16K tokens in steps of
5 to 40, window of 4 steps. Without a GPU it says so and measures nothing. `--device cpu --dtype float32
--shapes tiny --traces 200` tries the script itself.
"""

import argparse
import sys
from collections.abc import Iterator

import torch

from local_naturalness.benchmark.measure import Report, measure
from local_naturalness.benchmark.workload import make_model, make_workload

SHAPES = {
    "tiny": {"hidden_size": 64, "num_hidden_layers": 2, "intermediate_size": 128, "vocab_size": 500},
    "0.5B": {
        "hidden_size": 896,
        "num_hidden_layers": 24,
        "intermediate_size": 4864,
        "num_attention_heads": 14,
        "num_key_value_heads": 2,
        "vocab_size": 151_936,
        "tie_word_embeddings": True,
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
TOKENS_PER_BATCH = 32_768
REPEATS = 3


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", type=torch.device, default=torch.device("cuda"))
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--shapes", nargs="+", choices=SHAPES, default=["0.5B", "7B"])
    parser.add_argument("--traces", nargs="+", type=int, default=[2_048, 16_384], metavar="TOKENS")
    options = parser.parse_args()
    if options.device.type == "cuda" and not torch.cuda.is_available():
        print("Not measured: torch finds no GPU here.")
        return 1
    name = torch.cuda.get_device_name() if options.device.type == "cuda" else "CPU"
    print(f"{name}, torch {torch.__version__}, {options.dtype}\n")
    print("| shape | trace | contender | window tokens/s | times ours | peak memory | of matrix rate |")
    print("|---|---|---|---|---|---|---|")
    for shape in options.shapes:
        with options.device:
            model = make_model(**SHAPES[shape]).to(getattr(torch, options.dtype))
        for trace in options.traces:
            workload = make_workload(model.config.vocab_size, trace_tokens=trace)
            report = measure(model, workload, TOKENS_PER_BATCH, REPEATS, {"shape": shape})
            for row in rows(report):
                print(f"| {shape} | {trace:,} | {row} |", flush=True)
    return 0


def rows(report: Report) -> Iterator[str]:
    """One line per contender."""
    ours = report.contenders[0].median
    for contender in report.contenders:
        rate = report.window_tokens / contender.median
        share = f"{report.share_of_matrix_rate:.0%}" if contender.name == "ours" else ""
        memory = f"{contender.peak_megabytes / 1000:.1f} GB"
        yield f"{contender.name} | {rate:,.0f} | {contender.median / ours:.1f} | {memory} | {share}"


if __name__ == "__main__":
    sys.exit(main())
