"""The padded path: windows as rows of a padded batch, each with its prompt."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from local_naturalness.engine.packing import Window
from local_naturalness.engine.projection import Projection

# Fixed cost of a pass, expressed as a number of tokens: calls of small kernels, and slower products of small
# matrices.
TOKENS_OF_A_PASS = 64


@dataclass(frozen=True)
class Rows:
    """One forward pass: indices of windows, and the length to which they are padded."""

    windows: list[int]
    width: int

    @property
    def num_tokens(self) -> int:
        """Tokens that pass through the layers."""
        return len(self.windows) * self.width

    @property
    def num_pairs(self) -> int:
        """Query-key pairs: the number of tokens that each token sees, summed."""
        return len(self.windows) * self.width * (self.width + 1) // 2


def rows_of_similar_length(lengths: Sequence[int], max_tokens: int) -> list[Rows]:
    """Group windows so that padding and passes together cost least.

    This is dynamic programming over the windows sorted by length. The best grouping of the first windows is a
    last group, and the best grouping of the windows before it.

    Args:
        lengths: tokens of each window.
        max_tokens: tokens of a group, with padding. A longer window is a group of its own.

    Returns:
        Groups, longest first, so that a budget that is too large fails at once.

    >>> [(rows.windows, rows.width) for rows in rows_of_similar_length([30, 800, 410, 400], max_tokens=900)]
    [([1], 800), ([2, 3], 410), ([0], 30)]
    """
    order = sorted(range(len(lengths)), key=lambda i: -lengths[i])
    widths = np.array([lengths[index] for index in order], dtype=np.int64)
    least = np.zeros(len(order) + 1, dtype=np.int64)  # cost of the first windows
    begins = []  # of the group in which the first windows end
    for end in range(1, len(order) + 1):
        most = max(1, max_tokens // max(1, int(widths[end - 1])))
        first = max(0, end - most)
        tokens = (end - np.arange(first, end)) * widths[first:end]
        fits = tokens <= max_tokens
        fits[-1] = True
        costs = np.where(fits, least[first:end] + tokens + TOKENS_OF_A_PASS, np.iinfo(np.int64).max)
        begins.append(first + int(costs.argmin()))
        least[end] = costs.min()
    groups = []
    end = len(order)
    while end:
        begin = begins[end - 1]
        groups.append(Rows(order[begin:end], int(widths[begin])))
        end = begin
    return groups[::-1]


def padded_states(student: Projection, rows: Rows, windows: Sequence[Window]) -> torch.Tensor:
    """States that predict the scored tokens of a batch, `[scored tokens, hidden]`, window by window.

    Padding is on the right, where a causal model never looks.
    """
    batch = [windows[index] for index in rows.windows]
    ids = torch.zeros(len(batch), rows.width, dtype=torch.long)
    at_rows, at_columns = [], []
    for row, window in enumerate(batch):
        ids[row, : len(window)] = torch.from_numpy(np.concatenate([window.prompt, window.tokens]))
        at_rows.append(np.full(len(window.scored), row))
        # A token is predicted from the position before it.
        at_columns.append(np.arange(len(window) - len(window.scored) - 1, len(window) - 1))
    states = student.states(input_ids=ids.to(student.model.device))
    return states[on(states, np.concatenate(at_rows)), on(states, np.concatenate(at_columns))]


def on(tensor: torch.Tensor, index: np.ndarray) -> torch.Tensor:
    """An index, on the device of the tensor that it selects from."""
    return torch.from_numpy(index).to(tensor.device)
