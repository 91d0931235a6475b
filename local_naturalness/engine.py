"""Windows to statistics of their scored tokens."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from local_naturalness.projection import Projection
from local_naturalness.windows import batches_under_budget

logger = logging.getLogger(__name__)

# Matrix products reach their full rate at about 4K rows; a GPU has room for more.
_TOKENS_PER_BATCH = {"cpu": 8_192, "cuda": 32_768}
_BRIER_TOP = 50


@dataclass(frozen=True)
class Window:
    """One pass: the prompt, then response tokens, of which those from `first_scored` on are scored."""

    prompt: np.ndarray
    tokens: np.ndarray
    first_scored: int

    def __len__(self) -> int:
        return len(self.prompt) + len(self.tokens)


class Engine:
    """Scores windows with a loaded model.

    Args:
        model: a causal language model of transformers.
        max_tokens_per_batch: tokens of a padded batch of windows; `None` suits the device. Halved when
            memory runs out.
    """

    def __init__(self, model: Any, max_tokens_per_batch: int | None = None):
        self.model = model
        self._max_tokens = max_tokens_per_batch or _TOKENS_PER_BATCH.get(model.device.type, 8_192)
        with _evaluating(model):
            self._projection = Projection(model)

    def score(
        self, windows: Sequence[Window], statistics: Sequence[str] = ("log_prob",)
    ) -> list[dict[str, np.ndarray]]:
        """Statistics of the scored tokens of every window, in the order of the windows.

        Args:
            windows: each at least one token of context and one scored token long.
            statistics: names out of `log_prob` (nats), `rank` (1 + number of likelier tokens), `brier`,
                `entropy` (nats).

        Returns:
            For each window a float64 array per statistic, one value per scored token.
        """
        scored: list[dict[str, np.ndarray] | None] = [None] * len(windows)
        waiting = list(range(len(windows)))
        with _evaluating(self.model):
            while waiting:
                groups = batches_under_budget([len(windows[i]) for i in waiting], self._max_tokens)
                try:
                    for group in groups:
                        indices = [waiting[i] for i in group]
                        batch = [windows[i] for i in indices]
                        for i, values in zip(indices, self._score_batch(batch, statistics), strict=True):
                            scored[i] = values
                except (torch.OutOfMemoryError, RuntimeError) as error:
                    self._halve_budget(error, longest=len(batch[0]))
                waiting = [i for i in waiting if scored[i] is None]
        return scored

    def _score_batch(self, batch: Sequence[Window], statistics: Sequence[str]) -> list[dict[str, np.ndarray]]:
        device = self.model.device
        ids = torch.zeros(len(batch), len(batch[0]), dtype=torch.long)
        rows, columns, targets = [], [], []
        for row, window in enumerate(batch):
            tokens = np.concatenate([window.prompt, window.tokens])
            ids[row, : len(tokens)] = torch.from_numpy(tokens)
            first = len(window.prompt) + window.first_scored
            rows.append(torch.full((len(tokens) - first,), row))
            # A token is predicted from the position before it.
            columns.append(torch.arange(first - 1, len(tokens) - 1))
            targets.append(torch.from_numpy(tokens[first:]))
        target = torch.cat(targets).to(device)
        values = {name: torch.empty(len(target), dtype=torch.float64) for name in statistics}
        pieces = self._projection.pieces(
            ids.to(device), torch.cat(rows).to(device), torch.cat(columns).to(device)
        )
        for piece, logits in pieces:
            for name, value in token_statistics(logits, target[piece].to(logits.device), statistics).items():
                values[name][piece] = value.double().cpu()
        ends = np.cumsum([len(part) for part in targets])[:-1]
        split = {name: np.split(value.numpy(), ends) for name, value in values.items()}
        return [{name: split[name][i] for name in statistics} for i in range(len(batch))]

    def _halve_budget(self, error: RuntimeError, longest: int) -> None:
        """Go on with smaller batches after memory ran out; any other error is raised again."""
        if not isinstance(error, torch.OutOfMemoryError) and "memory" not in str(error).lower():
            raise error
        if self._max_tokens <= longest:
            raise MemoryError(
                f"A single window of {longest} tokens does not fit into memory. Use a smaller `window`, a "
                "smaller `dtype`, or another `device`."
            ) from error
        self._max_tokens = max(longest, self._max_tokens // 2)
        if self.model.device.type == "cuda":
            torch.cuda.empty_cache()
        logger.warning("Out of memory: going on with %d tokens per batch.", self._max_tokens)


def token_statistics(
    logits: torch.Tensor, target: torch.Tensor, statistics: Sequence[str]
) -> dict[str, torch.Tensor]:
    """Statistics of tokens under the distributions that predict them.

    Args:
        logits: `[tokens, vocabulary]`, float32.
        target: `[tokens]` ids.
        statistics: see `Engine.score`.
    """
    target_logit = logits.gather(1, target[:, None])
    formulas: dict[str, Callable[[], torch.Tensor]] = {
        "log_prob": lambda: target_logit[:, 0] - logits.logsumexp(1),
        "rank": lambda: 1 + (logits > target_logit).sum(1),
        "brier": lambda: _brier(logits, target),
        "entropy": lambda: _entropy(logits),
    }
    return {name: formulas[name]() for name in statistics}


def _brier(logits: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    top, tokens = logits.topk(min(_BRIER_TOP, logits.shape[1]), dim=1)
    q = top.softmax(1)
    q_target = (q * (tokens == target[:, None])).sum(1)
    return 1 - 2 * q_target + q.square().sum(1)


def _entropy(logits: torch.Tensor) -> torch.Tensor:
    log_p = logits.log_softmax(1)
    return -(log_p.exp() * log_p).sum(1)


@contextmanager
def _evaluating(model: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode without gradients; afterwards every module is in the mode in which it was."""
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        for module in training:
            module.training = True
