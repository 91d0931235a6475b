"""Runs a pass of windows through the model, by any path."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from local_naturalness.engine.cached import Continuation, cached_states
from local_naturalness.engine.packed_attention import packed_states
from local_naturalness.engine.packing import Pack, Window
from local_naturalness.engine.padded import padded_states
from local_naturalness.engine.paths import Pass
from local_naturalness.engine.projection import Projection
from local_naturalness.engine.token_statistics import token_statistics

TokenStatistics = dict[str, np.ndarray]


def run_pass(
    student: Projection, one: Pass, windows: Sequence[Window], statistics: Sequence[str]
) -> Iterator[tuple[int, TokenStatistics]]:
    """Run a pass, and yield the index and the statistics of each of its windows."""
    done = 0
    for states in _states(student, one, windows):
        batch: list[int] = []
        length = 0
        while length < len(states):
            batch.append(one.windows[done + len(batch)])
            length += len(windows[batch[-1]].scored)
        done += len(batch)
        yield from zip(
            batch, _statistics(student, states, [windows[i] for i in batch], statistics), strict=True
        )


def _states(student: Projection, one: Pass, windows: Sequence[Window]) -> Iterator[torch.Tensor]:
    """States that predict the scored tokens of a pass, `[scored tokens, hidden]`, batch by batch."""
    if isinstance(one, Continuation):
        yield from cached_states(student, one, windows)
    elif isinstance(one, Pack):
        yield packed_states(student, one)
    else:
        yield padded_states(student, one, windows)


def _statistics(
    student: Projection, states: torch.Tensor, batch: Sequence[Window], statistics: Sequence[str]
) -> list[TokenStatistics]:
    """Statistics from the states that predict the scored tokens of a batch, window by window."""
    target = torch.from_numpy(np.concatenate([window.scored for window in batch]))
    values = {name: np.empty(len(target)) for name in statistics}
    for piece, logits in student.pieces(states):
        found = token_statistics(logits, target[piece].to(logits.device), statistics)
        for name, value in found.items():
            values[name][piece] = value.double().cpu().numpy()
    ends = np.cumsum([len(window.scored) for window in batch])[:-1]
    split = {name: np.split(value, ends) for name, value in values.items()}
    return [{name: split[name][index] for name in statistics} for index in range(len(batch))]
