"""The output layer in pieces, as the engine does it, and torch's `linear_cross_entropy`, compared.

python tests/benchmarks/projection_compared.py --vocabulary 151936 --tokens 8192
"""

import argparse
import statistics
import time

import torch
from torch.nn.functional import linear_cross_entropy

from local_naturalness.benchmark.peak import watch_memory
from local_naturalness.engine.projection import PIECE_BYTES


@torch.no_grad()
def in_pieces(states: torch.Tensor, weight: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Logits of 128 MB at a time."""
    size = PIECE_BYTES // (4 * len(weight))
    found = []
    for start in range(0, len(states), size):
        logits = states[start : start + size] @ weight.T
        own = logits.gather(1, target[start : start + size, None])[:, 0]
        found.append(own - logits.logsumexp(1))
    return torch.cat(found)


@torch.no_grad()
def at_once(states: torch.Tensor, weight: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    return -linear_cross_entropy(states, weight, target, reduction="none")


@torch.no_grad()
def fused_pieces(states: torch.Tensor, weight: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """`linear_cross_entropy` on the same pieces."""
    size = PIECE_BYTES // (4 * len(weight))
    return torch.cat(
        [
            at_once(states[start : start + size], weight, target[start : start + size])
            for start in range(0, len(states), size)
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tokens", type=int, default=4_096)
    parser.add_argument("--hidden", type=int, default=512)
    parser.add_argument("--vocabulary", type=int, default=32_000)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    torch.manual_seed(0)
    states = torch.randn(options.tokens, options.hidden)
    weight = torch.randn(options.vocabulary, options.hidden) * 0.05
    target = torch.randint(0, options.vocabulary, (options.tokens,))
    ways = {"in pieces": in_pieces, "linear_cross_entropy": at_once, "the same in pieces": fused_pieces}
    exact = (states.double() @ weight.double().T).log_softmax(1).gather(1, target[:, None])[:, 0]
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    peaks, errors = {}, {}
    for name, way in ways.items():
        with watch_memory(states.device) as peak:
            found = way(states, weight, target)
        peaks[name] = peak.bytes
        errors[name] = (found - exact).abs().max().item()
    for _ in range(options.repeats):
        for name, way in ways.items():
            start = time.perf_counter()
            way(states, weight, target)
            seconds[name].append(time.perf_counter() - start)
    print("| method | time as a multiple of ours | peak memory | largest error |\n|---|---|---|---|")
    ours = statistics.median(seconds["in pieces"])
    for name, values in seconds.items():
        ratio = statistics.median(values) / ours
        print(f"| {name} | {ratio:.2f} | {peaks[name] / 1e9:.2f} GB | {errors[name]:.1e} |")


if __name__ == "__main__":
    main()
