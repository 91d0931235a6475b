"""Where and how long: what a reader needs to judge run times."""

import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from statistics import median

import pandas as pd
import torch

from harness.training import Training


def machine_table(trainings: Sequence[Training]) -> pd.DataFrame:
    """Processor, versions, and the time of the finished trainings, of which there is one at least."""
    results = {one.folder: one.result() for one in trainings}.values()
    seconds = [one["training_seconds"] + one["evaluation_seconds"] for one in results if one]
    facts = {
        "machine": f"{_processor()}, {os.cpu_count()} cores",
        "versions": ", ".join(
            f"{name} {version(name)}" for name in ("local_naturalness", "torch", "transformers", "trl")
        ),
        "trainings": f"{len(seconds)}",
        "a training with its evaluation": f"{median(seconds):.0f} s (median), {max(seconds):.0f} s (longest)",
        "all of them, one after another": f"{sum(seconds) / 60:.0f} minutes",
    }
    return pd.DataFrame({"": facts.keys(), "of this run": facts.values()})


def _processor() -> str:
    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    known = Path("/proc/cpuinfo")
    lines = known.read_text().splitlines() if known.exists() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
