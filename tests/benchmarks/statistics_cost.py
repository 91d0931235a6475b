"""What more statistics of the same pass cost: `python tests/benchmarks/statistics_cost.py`.

One response is scored with the benchmark's student and a vocabulary of 152K, without statistics and with each
of them, in turn. Seconds are those of the processor, so that other work on the machine counts little.
"""

import argparse
import statistics
import time

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM

from local_naturalness.benchmark.workload import SHAPE
from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window

ASKED = {
    "()": ("log_prob",),
    '("rank",)': ("log_prob", "rank"),
    '("brier",)': ("log_prob", "brier"),
    '("entropy",)': ("log_prob", "entropy", "entropy_share"),
    '("mass_above",)': ("log_prob", "mass_above"),
    "all of them": ("log_prob", "rank", "brier", "entropy", "entropy_share", "mass_above"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--vocabulary", type=int, default=151_936)
    parser.add_argument("--tokens", type=int, default=440)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    torch.manual_seed(0)
    torch.set_num_threads(1)
    config = AutoConfig.for_model("qwen2", **SHAPE | {"vocab_size": options.vocabulary})
    engine = Engine(AutoModelForCausalLM.from_config(config).eval(), None)
    ids = np.random.default_rng(0).integers(0, options.vocabulary, 64 + options.tokens)
    windows = [Window(ids[:64], ids[64:], 0)]
    seconds: dict[str, list[float]] = {name: [] for name in ASKED}
    for repeat in range(options.repeats + 1):
        for name, asked in ASKED.items():
            begun = time.process_time()
            engine.score(windows, asked)
            if repeat:  # the first round warms up
                seconds[name].append(time.process_time() - begun)
    print(f"vocabulary {options.vocabulary:,}, {options.tokens:,} tokens, {options.repeats} rounds in turn")
    for name in ASKED:
        ratios = [one / plain for one, plain in zip(seconds[name], seconds["()"], strict=True)]
        middle = statistics.median(ratios)
        print(f"{name:16} {middle:5.2f} times ()  ({min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
