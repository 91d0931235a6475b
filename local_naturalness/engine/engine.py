"""The engine: scores windows with a loaded model."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch

from local_naturalness.engine.memory import enough_tokens, token_budget
from local_naturalness.engine.model_lock import turn
from local_naturalness.engine.out_of_memory import smaller_until_it_fits
from local_naturalness.engine.packed_attention import NotPackableError, attend_plainly
from local_naturalness.engine.packing import Window
from local_naturalness.engine.passes import TokenStatistics, run_pass
from local_naturalness.engine.path_check import find_paths
from local_naturalness.engine.paths import Paths
from local_naturalness.engine.projection import Projection
from local_naturalness.engine.twin import twin_of
from local_naturalness.student.cost import student_cost
from local_naturalness.student.devices import plain_default_device
from local_naturalness.student.module_settings import computation

logger = logging.getLogger(__name__)


class Engine:
    """Scores windows with a loaded model.

    A check at the start finds the fastest path that gives each window the same scores as when it is alone.
    The paths are packing without padding, continuing from the state of the prompt, and padded batches (see
    `Paths`). The check is repeated if the configuration of the model, settings of its modules, or hooks
    change.

    Several threads may score at the same time. Passes of different models are independent, and passes of one
    model take turns. A twin of the model runs, so the model itself is neither changed nor blocked.

    Args:
        model: a causal language model of transformers.
        max_tokens_per_batch: tokens per pass. `None` chooses a number for the device and its free memory. It
            is halved when memory runs out.

    Attributes:
        max_tokens: current number of tokens per pass.
        paths: the paths that windows may take.

    Raises:
        ValueError: the model looks at later tokens.
    """

    paths: Paths

    def __init__(self, model: Any, max_tokens_per_batch: int | None = None):
        self.model = model
        self.max_tokens = max_tokens_per_batch or token_budget(student_cost(model), model.device)
        self._check()
        if max_tokens_per_batch is None and not self.paths.packed:
            self.max_tokens = min(self.max_tokens, enough_tokens(model.device.type, in_rows=True))

    def score(
        self,
        windows: Sequence[Window],
        statistics: Sequence[str] = ("log_prob",),
        on_scored: Callable[[Window], object] = lambda window: None,
    ) -> list[TokenStatistics]:
        """Statistics of the scored tokens of every window, in the order of the windows.

        Args:
            windows: windows, each with a prompt of at least one token and at least one scored token.
            statistics: names of statistics, see `token_statistics`.
            on_scored: called with each window when it is scored, to show the progress.

        Returns:
            For each window a float64 array per statistic, one value per scored token.
        """
        scored: dict[int, TokenStatistics] = {}
        if computation(self.model) != self._checked:
            self._check()
        with self._turn() as student:

            def score_waiting(max_tokens: int) -> None:
                """Score the windows that have no scores yet."""
                self.max_tokens = max_tokens
                waiting = [index for index in range(len(windows)) if index not in scored]
                left = [windows[index] for index in waiting]
                try:
                    for one in self.paths.plan(left, max_tokens):
                        for position, values in run_pass(student, one, left, statistics):
                            scored[waiting[position]] = values
                            on_scored(left[position])
                except NotPackableError as error:
                    logger.warning("%s: windows are no longer packed.", error)
                    self.paths = find_paths(student, may_pack=False)
                    score_waiting(max_tokens)

            smaller_until_it_fits(score_waiting, self.max_tokens, self.model.device)
        if lost := [index for index in range(len(windows)) if index not in scored]:
            raise AssertionError(f"Windows without scores: {lost}")
        return [scored[index] for index in range(len(windows))]

    def _check(self) -> None:
        """Find the paths for the model as it is now."""
        self._checked = computation(self.model)
        self._is_separable: bool | None = None
        with self._turn() as student:
            self._is_separable = student.is_separable
            self.paths = find_paths(student)

    @contextmanager
    def _turn(self) -> Iterator[Projection]:
        """The model to run. No other thread runs it until the turn is over."""
        # The caller may be in an autocast to half precision. The student keeps its own dtype.
        plainly = torch.autocast(self.model.device.type, enabled=False)
        with turn(self.model), torch.no_grad(), plainly, plain_default_device():
            twin = twin_of(self.model)
            attend_plainly(twin)
            yield Projection(twin, self._is_separable)
