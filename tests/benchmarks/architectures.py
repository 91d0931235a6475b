"""Every causal model type of transformers: which way its windows take, and whether the scores are right.

    python tests/benchmarks/architectures.py [TYPE ...]

A tiny model of each type with random weights of large variance is scored as the library does it and, for
comparison, with one forward pass of the given model for every window. Windows are short and long, behind
prompts of 3 to 300 tokens, several to a prompt, up to 640 tokens: beyond every sliding window, chunk and
selection of keys that the tiny models have. Prints the table of docs/model-types.md. About 15 minutes on one
core.
"""

import argparse
import logging
import signal
import sys
import warnings
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import transformers

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
from tiny_types import MODEL_TYPES, tiny_type

from local_naturalness.engine import Engine
from local_naturalness.engine.packing import Window
from local_naturalness.student.context_length import context_length

# `(prompt, tokens, first scored)` of the windows; a window from 0 on is the whole of a response.
SHAPES = [
    (0, 5, 0),
    (1, 30, 3),
    (0, 12, 11),
    (1, 60, 20),
    (2, 70, 30),
    (2, 33, 32),
    (1, 600, 0),
    (2, 41, 2),
    (0, 300, 0),
]
PROMPTS = (3, 40, 300)
SECONDS = 60
# Of messages that say why a type is no student.
REFUSALS = ("looks at later tokens", "different scores to the same text", "from its tokens alone")


@dataclass(frozen=True)
class Found:
    """What became of a type: `way` is one of the engine, `refused`, `not built` or `failed`."""

    model_type: str
    way: str
    difference: float = 0.0
    remark: str = ""


def windows_for(vocabulary: int, longest: int) -> list[Window]:
    generator = np.random.default_rng(0)
    prompts = [generator.integers(0, vocabulary, length) for length in PROMPTS]
    found = [
        Window(prompts[prompt], generator.integers(0, vocabulary, length), first)
        for prompt, length, first in SHAPES
    ]
    return [window for window in found if len(window) <= longest]


@torch.no_grad()
def alone(model: Any, window: Window) -> np.ndarray:
    """Scores of a window by the model's own forward pass."""
    ids = torch.from_numpy(np.concatenate([window.prompt, window.tokens]))[None]
    log_probs = model(input_ids=ids, use_cache=False).logits[0].float().log_softmax(-1)
    start = len(window.prompt) + window.first_scored
    return log_probs[start - 1 : -1].gather(1, ids[0, start:, None])[:, 0].double().numpy()


@contextmanager
def time_limit(seconds: int) -> Iterator[None]:
    def stop(*_: Any) -> None:
        raise TimeoutError(f"not done in {seconds} s")

    signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)  # of this process, however busy the machine is
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def try_type(model_type: str) -> Found:
    try:
        with time_limit(SECONDS):
            model = tiny_type(model_type)
    except Exception as error:
        return Found(model_type, "not built", remark=_line(error))
    try:
        with time_limit(SECONDS):
            engine = Engine(model)
            text = model.config.get_text_config()
            windows = windows_for(text.vocab_size, context_length(text) or max(PROMPTS) + 600)
            scored = engine.score(windows)
            difference = max(
                float(np.abs(ours["log_prob"] - alone(model, window)).max())
                for ours, window in zip(scored, windows, strict=True)
            )
    except ValueError as error:
        is_refused = any(reason in str(error) for reason in REFUSALS)
        return Found(model_type, "refused" if is_refused else "failed", remark=_line(error))
    except Exception as error:
        return Found(model_type, "failed", remark=_line(error))
    limits = {name: longest for name, longest in vars(engine.paths).items() if 0 < longest < 700}
    remark = ", ".join(f"{name} up to {longest} tokens" for name, longest in limits.items())
    return Found(model_type, engine.paths.name, difference, remark)


def _line(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:160]


def table(results: list[Found]) -> str:
    """Types by way, and what is worth a remark."""
    by_way = defaultdict(list)
    for found in results:
        by_way[found.way].append(found)
    lines = ["| method | types | largest difference (nats) |", "|---|---|---|"]
    for way in ("packed", "cached", "padded", "alone", "refused"):
        types = sorted(found.model_type for found in by_way[way])
        worst = (
            f"{max(found.difference for found in by_way[way]):.0e}"
            if by_way[way] and way != "refused"
            else ""
        )
        lines.append(f"| {way} ({len(types)}) | {', '.join(types)} | {worst} |")
    lines += ["", "| type | remark |", "|---|---|"]
    for found in results:
        remark = found.remark
        if found.difference > 1e-4:
            remark = "; ".join(filter(None, [remark, f"differs by up to {found.difference:.0e} nats"]))
        if remark and found.way != "refused":
            way = f"{found.way}: " if found.way in ("failed", "not built") else ""
            lines.append(f"| {found.model_type} | {way}{remark} |")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "types", nargs="*", choices=[[], *MODEL_TYPES], metavar="TYPE", help="all where none is named"
    )
    options = parser.parse_args()
    torch.set_num_threads(1)
    transformers.utils.logging.set_verbosity_error()
    warnings.simplefilter("ignore")  # of transformers: only the table is of interest
    logging.getLogger("local_naturalness").setLevel(logging.ERROR)
    results = []
    for model_type in options.types or MODEL_TYPES:
        results.append(try_type(model_type))
        found = results[-1]
        print(
            found.model_type, found.way, f"{found.difference:.1e}", found.remark, file=sys.stderr, flush=True
        )
    print(table(results))
    return int(any(found.way == "failed" for found in results))


if __name__ == "__main__":
    sys.exit(main())
