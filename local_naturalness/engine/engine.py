"""Windows to statistics of their scored tokens."""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from local_naturalness.engine.attention_tiles import tile_groups
from local_naturalness.engine.memory import token_budget
from local_naturalness.engine.packed_attention import SUPPORTED, PackedAttention, attending_with
from local_naturalness.engine.packing import Pack, Window, pack_windows
from local_naturalness.engine.projection import Projection
from local_naturalness.engine.statistics import token_statistics
from local_naturalness.engine.turns import turn
from local_naturalness.engine.twin import twin_of
from local_naturalness.engine.windows import batches_under_budget
from local_naturalness.student.cost import student_cost

logger = logging.getLogger(__name__)

# Query-key pairs of attention at the same time; in float32 and per head four bytes each.
_ATTENTION_CELLS = 2**22
# Beyond this a window fills batches alone, and plain causal attention needs no mask.
_LONGEST_PACKED = 4_096
# Sliding windows up to this length are part of the check at the start; beyond, it would take too long.
_LONGEST_CHECKED = 512

TokenStatistics = dict[str, np.ndarray]


class Engine:
    """Scores windows with a loaded model.

    Windows are packed without padding and share the pass over their prompt, where a check at the start
    shows that the model gives the same scores that way; else each window is a row of a padded batch.

    Threads may score at once, with one engine or several: passes of different models are independent,
    passes of one model take turns. The model itself is neither changed nor blocked: its twin runs.

    Args:
        model: a causal language model of transformers.
        max_tokens_per_batch: tokens of a pass; `None` suits the device and its free memory. Halved when
            memory runs out.

    Attributes:
        max_tokens: tokens of a pass at present.
    """

    def __init__(self, model: Any, max_tokens_per_batch: int | None = None):
        self.model = model
        self.max_tokens = max_tokens_per_batch or token_budget(student_cost(model), model.device)
        self._is_separable: bool | None = None
        with self._turn() as student:
            self._is_separable = student.is_separable
            self._longest_packed = self._check_packing(student)

    @property
    def shares_prompts(self) -> bool:
        """Whether windows are packed behind the prompt that they share."""
        return self._longest_packed > 0

    def score(
        self, windows: Sequence[Window], statistics: Sequence[str] = ("log_prob",)
    ) -> list[TokenStatistics]:
        """Statistics of the scored tokens of every window, in the order of the windows.

        Args:
            windows: each with a prompt of at least one token and at least one scored token.
            statistics: see `token_statistics`.

        Returns:
            For each window a float64 array per statistic, one value per scored token.
        """
        scored: dict[int, TokenStatistics] = {}
        with self._turn() as student:
            while len(scored) < len(windows):
                waiting = [index for index in range(len(windows)) if index not in scored]
                try:
                    for index, values in self._passes(student, windows, waiting, statistics):
                        scored[index] = values
                except (torch.OutOfMemoryError, RuntimeError) as error:
                    self._halve_budget(error)
                    continue
                if lost := [index for index in waiting if index not in scored]:
                    raise AssertionError(f"Windows without scores: {lost}")
        return [scored[index] for index in range(len(windows))]

    @contextmanager
    def _turn(self) -> Iterator[Projection]:
        """The model to run, which nobody else runs or sees for as long as it takes."""
        with turn(self.model), torch.no_grad():
            yield Projection(twin_of(self.model), self._is_separable)

    def _passes(
        self,
        student: Projection,
        windows: Sequence[Window],
        waiting: Sequence[int],
        statistics: Sequence[str],
    ) -> Iterator[tuple[int, TokenStatistics]]:
        """Score the waiting windows, pass by pass, long ones first."""
        packed = [index for index in waiting if len(windows[index]) <= self._longest_packed]
        alone = [index for index in waiting if len(windows[index]) > self._longest_packed]
        for group in batches_under_budget([len(windows[index]) for index in alone], self.max_tokens):
            batch = [windows[alone[position]] for position in group]
            scored = self._score_padded(student, batch, statistics)
            for position, values in zip(group, scored, strict=True):
                yield alone[position], values
        for pack in pack_windows([windows[index] for index in packed], self.max_tokens):
            batch = [windows[packed[position]] for position in pack.windows]
            scored = self._score_pack(student, pack, batch, statistics)
            for position, values in zip(pack.windows, scored, strict=True):
                yield packed[position], values

    def _score_padded(
        self, student: Projection, batch: Sequence[Window], statistics: Sequence[str]
    ) -> list[TokenStatistics]:
        """Each window a row with its prompt, padded on the right, where a causal model never looks."""
        ids = torch.zeros(len(batch), max(map(len, batch)), dtype=torch.long)
        rows, columns = [], []
        for row, window in enumerate(batch):
            ids[row, : len(window)] = torch.from_numpy(np.concatenate([window.prompt, window.tokens]))
            rows.append(np.full(len(window.scored), row))
            # A token is predicted from the position before it.
            columns.append(np.arange(len(window) - len(window.scored) - 1, len(window) - 1))
        states = student.states(input_ids=ids.to(self.model.device))
        chosen = states[_on(states, np.concatenate(rows)), _on(states, np.concatenate(columns))]
        return self._statistics(student, chosen, batch, statistics)

    def _score_pack(
        self, student: Projection, pack: Pack, batch: Sequence[Window], statistics: Sequence[str]
    ) -> list[TokenStatistics]:
        device = self.model.device
        attention = PackedAttention(
            tile_groups(pack.segments, _ATTENTION_CELLS),
            self.model.config.get_text_config()._attn_implementation,
            device,
        )
        with attending_with(attention, student.model):
            states = student.states(
                input_ids=torch.from_numpy(np.concatenate(pack.parts))[None].to(device),
                position_ids=torch.from_numpy(np.concatenate(pack.positions))[None].to(device),
            )
        chosen = states[0, _on(states, np.concatenate(pack.sources))]
        return self._statistics(student, chosen, batch, statistics)

    def _statistics(
        self,
        student: Projection,
        states: torch.Tensor,
        batch: Sequence[Window],
        statistics: Sequence[str],
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

    def _check_packing(self, student: Projection) -> int:
        """Compare packed windows with padded ones; the longest window that may be packed."""
        name = type(self.model).__name__
        config = self.model.config.get_text_config()
        implementation = config._attn_implementation
        if implementation not in SUPPORTED:
            logger.info("%s attends by %r: windows are scored without sharing.", name, implementation)
            return 0
        sliding = getattr(config, "sliding_window", None) or 0
        longest = _LONGEST_PACKED
        if sliding > _LONGEST_CHECKED:
            longest, sliding = min(sliding, longest), 0
        windows = _check_windows(config.vocab_size, prompt_length=sliding + 5)
        packed = pack_windows(windows, sum(map(len, windows)))[0]
        order = [windows[index] for index in packed.windows]
        try:
            ours = self._score_pack(student, packed, order, ["log_prob"])
        except Exception as error:  # models of all kinds: whatever they raise, the plain way remains
            logger.info("%s cannot be packed (%s): windows are scored without sharing.", name, error)
            return 0
        plain = self._score_padded(student, order, ["log_prob"])
        with np.errstate(invalid="ignore"):  # infinities differ by NaN, which no tolerance admits
            error = max(np.abs(a["log_prob"] - b["log_prob"]).max() for a, b in zip(ours, plain, strict=True))
        tolerance = 1e-4 if self.model.dtype == torch.float32 else 0.2
        if not error <= tolerance:
            logger.info(
                "%s gives other scores when packed (by %.1e nats): windows are scored without sharing.",
                name,
                error,
            )
            return 0
        return longest

    def _halve_budget(self, error: RuntimeError) -> None:
        """Go on with smaller batches after memory ran out; any other error is raised again."""
        if not isinstance(error, torch.OutOfMemoryError) and "memory" not in str(error).lower():
            raise error
        if self.max_tokens < 2:
            raise MemoryError(
                "A single window does not fit into memory. Use a smaller `window`, a smaller `dtype`, or "
                "another `device`."
            ) from error
        self.max_tokens //= 2
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()
        logger.warning("Out of memory: going on with %d tokens per batch.", self.max_tokens)


def _check_windows(vocab_size: int, prompt_length: int) -> list[Window]:
    """Two prompts with windows of several lengths, of arbitrary tokens."""
    tokens = np.random.default_rng(0).integers(0, vocab_size, (6, prompt_length + 9))
    long, short = tokens[0, :prompt_length], tokens[1, :3]
    return [
        Window(long, tokens[2, :4], 0),
        Window(long, tokens[3, :9], 5),
        Window(short, tokens[4, :6], 2),
        Window(short, tokens[5, :1], 0),
    ]


def _on(tensor: torch.Tensor, index: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(index).to(tensor.device)
