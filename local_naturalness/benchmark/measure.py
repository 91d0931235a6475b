"""Run contenders interleaved and report medians, ratios, differences and memory."""

import statistics
import time
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import torch

from local_naturalness.benchmark.bare_layers import layer_operations, matrix_rate, run_bare_layers
from local_naturalness.benchmark.contenders import contenders
from local_naturalness.benchmark.peak import watch_memory
from local_naturalness.benchmark.workload import Workload
from local_naturalness.engine import Engine


@dataclass
class Measurement:
    """One contender.

    Attributes:
        seconds: of each run.
        largest_difference: of a step's score from the plain loop's, nats.
        peak_megabytes: memory of a run above the loaded model.
    """

    name: str
    seconds: list[float] = field(default_factory=list)
    largest_difference: float = 0.0
    peak_megabytes: float = 0.0

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Report:
    """Measurements of one run on one machine. Only ratios can be compared with those of other machines."""

    contenders: list[Measurement]
    path: str
    window_tokens: int
    passed_tokens: int
    scored_tokens: int
    bare_layers_seconds: float
    matrix_rate: float
    operations: float
    settings: dict[str, Any]

    @property
    def share_of_bare_layers(self) -> float:
        """Rate of ours as a share of the same layers without attention on the same number of tokens."""
        return self.bare_layers_seconds / self.contenders[0].median

    @property
    def share_of_matrix_rate(self) -> float:
        """Operations of ours per second as a share of those of a square matrix product."""
        return self.operations / self.contenders[0].median / self.matrix_rate

    def to_dict(self) -> dict[str, Any]:
        """Everything, for `--json`."""
        return asdict(self) | {
            "share_of_bare_layers": self.share_of_bare_layers,
            "share_of_matrix_rate": self.share_of_matrix_rate,
            "ratios": {c.name: c.median / self.contenders[0].median for c in self.contenders},
        }

    def __str__(self) -> str:
        ours = self.contenders[0].median
        lines = [
            "| implementation | window tokens/s | time as a multiple of ours | largest difference | "
            "peak memory |",
            "|---|---|---|---|---|",
        ]
        for contender in self.contenders:
            lines.append(
                f"| {contender.name} | {self.window_tokens / contender.median:,.0f} | "
                f"{contender.median / ours:.2f} | {contender.largest_difference:.1e} | "
                f"{contender.peak_megabytes:,.0f} MB |"
            )
        lines += [
            "",
            f"Ours ({self.path}) computes {self.passed_tokens:,} tokens for {self.window_tokens:,} window "
            f"tokens and {self.scored_tokens:,} scores.",
            f"It reaches {self.share_of_bare_layers:.0%} of the speed of the same layers without attention, "
            f"and {self.share_of_matrix_rate:.0%} of that of matrix products "
            f"({self.matrix_rate / 1e9:,.0f} GFLOP/s).",
        ]
        return "\n".join(lines)


def measure(
    model: Any, workload: Workload, max_tokens: int, repeats: int, settings: dict[str, Any]
) -> Report:
    """Run everything `repeats` times in turn, after one run each that is not counted."""
    engine = Engine(model, max_tokens)
    runs = contenders(model, engine, max_tokens)
    measurements = {name: Measurement(name) for name in runs}
    expected = runs["plain loop"](workload)
    for name, run in runs.items():
        with watch_memory(model.device) as peak:
            scores = run(workload)
        measurements[name].largest_difference = float(np.abs(scores - expected).max())
        measurements[name].peak_megabytes = peak.bytes / 1e6
    passed = sum(one.num_tokens for one in engine.paths.plan(workload.windows(), max_tokens))
    bare = []
    # With one thread the time of the process counts, which other work on the machine does not change.
    alone = model.device.type == "cpu" and torch.get_num_threads() == 1
    clock = time.process_time if alone else time.perf_counter
    for _ in range(repeats):
        for name, run in runs.items():
            start = clock()
            run(workload)
            measurements[name].seconds.append(clock() - start)
        start = clock()
        run_bare_layers(model, passed, workload.num_scored, max_tokens)
        _synchronize(model)
        bare.append(clock() - start)
    return Report(
        list(measurements.values()),
        engine.paths.name,
        workload.num_window_tokens,
        passed,
        workload.num_scored,
        statistics.median(bare),
        matrix_rate(model),
        layer_operations(model, passed, workload.num_scored),
        settings,
    )


def _synchronize(model: Any) -> None:
    if model.device.type == "cuda":
        torch.cuda.synchronize()
