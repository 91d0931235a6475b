"""The cached path: windows continue from the state of their prompt, which is computed once and copied.

The state that a model keeps during generation (keys and values, states of recurrent layers) is all that later
tokens need. So one pass over the prompt is enough for all of its windows, even if a model cannot be packed.
"""

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import torch
from transformers import Cache

from local_naturalness.engine.memory import state_bytes
from local_naturalness.engine.packing import Window, by_prompt
from local_naturalness.engine.padded import TOKENS_OF_A_PASS, Rows, on, rows_of_similar_length
from local_naturalness.engine.projection import Projection


@dataclass(frozen=True)
class Continuation:
    """All windows of one prompt: a pass over the prompt, then passes over its windows in batches.

    `batches` hold indices of windows. Their widths do not include the prompt.
    """

    prompt: int
    batches: list[Rows]

    @property
    def windows(self) -> list[int]:
        """Indices of the windows, in the order in which they are scored."""
        return [index for rows in self.batches for index in rows.windows]

    @property
    def num_tokens(self) -> int:
        """Tokens that pass through the layers."""
        return self.prompt + sum(rows.num_tokens for rows in self.batches)

    @property
    def num_pairs(self) -> int:
        """Query-key pairs: the number of tokens that each token sees, summed."""
        behind = sum(rows.num_pairs + rows.num_tokens * self.prompt for rows in self.batches)
        return self.prompt * (self.prompt + 1) // 2 + behind

    @property
    def saves(self) -> bool:
        """Whether this costs less than passing the prompt again in every window."""
        passes = TOKENS_OF_A_PASS * (1 + len(self.batches))
        return self.num_tokens + passes < sum(
            rows.num_tokens + len(rows.windows) * self.prompt for rows in self.batches
        )


def continuations(windows: Sequence[Window], max_tokens: int) -> tuple[list[Continuation], list[int]]:
    """Group windows by their prompt, in whatever order they come.

    Returns:
        Groups of windows that continue from a shared prompt, and the indices of the other windows. Too few
        windows share their prompt, so each of them should contain it.
    """
    shared: list[Continuation] = []
    others: list[int] = []
    for indices in by_prompt(windows):
        # The last token of a window is only predicted, so it need not be passed.
        groups = rows_of_similar_length([len(windows[index].tokens) - 1 for index in indices], max_tokens)
        batches = [Rows([indices[position] for position in rows.windows], rows.width) for rows in groups]
        found = Continuation(len(windows[indices[0]].prompt), batches)
        if found.saves:
            shared.append(found)
        else:
            others += indices
    return shared, others


def cached_states(
    student: Projection, continuation: Continuation, windows: Sequence[Window]
) -> Iterator[torch.Tensor]:
    """States that predict the scored tokens of each batch, `[scored tokens, hidden]`, window by window."""
    device = student.model.device
    prompt = windows[continuation.windows[0]].prompt
    states, kept = student.states_and_cache(input_ids=torch.from_numpy(prompt)[None].to(device))
    last = states[:, -1:]
    most = max(1, state_bytes(device) // max(1, _bytes_of(kept)))
    for rows in continuation.batches:
        for start in range(0, len(rows.windows), most):
            batch = [windows[index] for index in rows.windows[start : start + most]]
            behind = last.expand(len(batch), -1, -1)
            if rows.width:
                ids = torch.zeros(len(batch), rows.width, dtype=torch.long)
                for row, window in enumerate(batch):
                    ids[row, : len(window.tokens) - 1] = torch.from_numpy(window.tokens[:-1])
                found, _ = student.states_and_cache(
                    input_ids=ids.to(device),
                    position_ids=torch.arange(len(prompt), len(prompt) + rows.width, device=device)[None],
                    cache=(kept[0], spread(kept[1], len(batch))),
                )
                behind = torch.cat([behind, found], dim=1)
            at_rows = np.repeat(np.arange(len(batch)), [len(window.scored) for window in batch])
            at_columns = [np.arange(window.first_scored, len(window.tokens)) for window in batch]
            yield behind[on(behind, at_rows), on(behind, np.concatenate(at_columns))]


def spread(state: Any, rows: int) -> Any:
    """Repeat the state of one text for several rows. The given state is not changed.

    Args:
        state: a cache of transformers, or (lists of) tensors whose first dimension is the batch.
        rows: number of rows.
    """
    if isinstance(state, torch.Tensor):
        return state.repeat_interleave(rows, dim=0)
    if isinstance(state, list | tuple):
        return type(state)(spread(part, rows) for part in state)
    if not isinstance(state, Cache):
        raise TypeError(f"a state of type {type(state).__name__} cannot be repeated")
    own = copy.deepcopy(state)
    own.reorder_cache(cast(torch.LongTensor, torch.zeros(rows, dtype=torch.long)))
    return own


def _bytes_of(state: Any) -> int:
    """Memory of all tensors in a state."""
    if isinstance(state, torch.Tensor):
        return state.nbytes
    if isinstance(state, list | tuple):
        return sum(map(_bytes_of, state))
    if isinstance(state, dict):
        return sum(map(_bytes_of, state.values()))
    return _bytes_of(list(vars(state).values())) if hasattr(state, "__dict__") else 0
