"""Checks which paths give correct scores for a model, by scoring a few windows of arbitrary tokens."""

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np
import torch

from local_naturalness.engine.cached import Continuation
from local_naturalness.engine.causality import share_of_later_tokens
from local_naturalness.engine.length_limits import boundaries
from local_naturalness.engine.packable import arbitrary_tokens, not_packable_because
from local_naturalness.engine.packing import Window, pack_windows
from local_naturalness.engine.padded import Rows
from local_naturalness.engine.passes import run_pass
from local_naturalness.engine.paths import UNLIMITED, Pass, Paths
from local_naturalness.engine.projection import Projection
from local_naturalness.engine.torch_calls import DRAWING, Calls
from local_naturalness.student.context_length import context_length
from local_naturalness.student.suitability import inexact_because

logger = logging.getLogger(__name__)

# Windows of the check cross boundaries up to this length. Longer windows would take too long.
_LONGEST_CHECKED = {"cuda": 4_096}
_LONGEST_CHECKED_ELSEWHERE = 512
# By how many tokens they cross a boundary, if tokens meet in attention only.
_CROSSING = 5
# The same for recurrent layers. They compute in chunks, mostly of 64 tokens, that are not in the
# configuration.
_CHUNK = 70
# Largest difference that counts as rounding: this many times the effect of the smallest change of the
# embeddings, plus a constant.
_ROUNDINGS = 16
_ALWAYS_ROUNDING = {torch.float32: 1e-4, torch.float64: 1e-4}
_ALWAYS_ROUNDING_IN_HALF = 1e-2
# Largest gradient of scores at later tokens, over that at earlier ones, that counts as rounding.
_SHARE_OF_LATER_TOKENS = 1e-5
# Effect of the smallest change of the embeddings that is worth a warning, in float32 and float64.
_LOUD_ROUNDING = 1e-2
# States of prompts are used only if differences are at most this share of the effect of the prompt itself.
_SHARE_OF_EFFECT = 0.2


def find_paths(student: Projection, may_pack: bool = True) -> Paths:
    """Find the longest windows that each path may score.

    The score of a window alone, as the only row of a pass, is right by definition.

    Args:
        student: projection of the twin of a model.
        may_pack: `False` if packing has failed before.

    Raises:
        ValueError: the model looks at later tokens, or gives different scores to the same text.
    """
    check = _Check(student)
    check.refuse_chance()
    check.refuse_looking_ahead()
    check.warn_about_rounding()
    packed = check.longest_packed() if may_pack else 0
    if packed >= _LONGEST_CHECKED_ELSEWHERE:
        return Paths(packed, check.longest(_continued, "going on from the prompt", _CROSSING))
    cached = check.longest(_continued, "going on from the prompt")
    paths = Paths(packed, cached, check.longest(_in_rows, "padded"))
    name, reasons = type(student.model).__name__, "; ".join(check.reasons)
    if paths.name == "alone":
        logger.warning("%s: windows are scored one by one, which is slower (%s).", name, reasons)
    else:
        logger.info("%s: windows are scored %s (%s).", name, paths.name, reasons)
    return paths


class _Check:
    """Scores of a few windows, alone and by other paths."""

    def __init__(self, student: Projection):
        self._student = student
        self._name = type(student.model).__name__
        config = student.model.config.get_text_config()
        self._vocabulary = student.vocabulary
        self._context = context_length(config) or UNLIMITED
        self._boundaries = [length for length in boundaries(config) if length < self._context]
        self._checked = _LONGEST_CHECKED.get(student.model.device.type, _LONGEST_CHECKED_ELSEWHERE)
        self._crossed = [length for length in self._boundaries if length <= self._checked]
        self._alone: dict[tuple[int, int], list[np.ndarray]] = {}
        self._inexact_because = inexact_because(student.model)
        self.reasons: list[str] = []

    def refuse_looking_ahead(self) -> None:
        """Refuse models in which the score of a token depends on later tokens."""
        tokens = arbitrary_tokens((2, 16), self._vocabulary)
        changed = tokens[0].copy()
        changed[-2:] = np.where(
            tokens[1, -2:] != changed[-2:], tokens[1, -2:], (changed[-2:] + 1) % self._vocabulary
        )
        before, after = (self._log_probs(Window(row[:1], row[1:], 0))[:-2] for row in (tokens[0], changed))
        difference = _largest([before], [after])
        if difference > self._tolerance and self._inexact_because is not None:
            raise ValueError(
                f"{self._name} gives scores that depend on the batch: {self._inexact_because}. When the last "
                f"two tokens of a text were changed, those before them changed by {difference:.2g} nats. "
                "Use weights that are quantised in another way, or not at all."
            )
        # Layers that are known to take a scale from all rows depend on later tokens a little, too.
        known = self._inexact_because is not None
        share = None if known else share_of_later_tokens(self._student, tokens[0])
        if difference > self._tolerance or (share or 0) > _SHARE_OF_LATER_TOKENS:
            raise ValueError(
                f"{self._name} looks at later tokens: when the last two tokens of a text were changed, the "
                f"scores before them changed by {difference:.2g} nats. Likelihoods need a causal model. "
                "Encoders and masked language models are not causal, and a decoder may need "
                "`is_decoder=True`."
            )

    def refuse_chance(self) -> None:
        """Refuse models that give different scores to the same text, such as those with random attention."""
        prompt = self._longest_prompt(_CROSSING)
        with Calls(DRAWING) as draws:
            self._log_probs(self._windows(prompt, _CROSSING + 4)[1])
        windows = [self._windows(8, 12)[1]]
        if draws.seen:
            # A much longer text, because attention may still see everything just beyond a boundary.
            windows.append(self._windows(prompt, min(8 * prompt, self._context - prompt - 1))[1])
        for window in windows:
            difference = _largest([self._log_probs(window)], [self._log_probs(window)])
            # Random numbers would also widen the tolerance, which is measured by two passes.
            if difference > self._always_rounding:
                raise ValueError(
                    f"{self._name} gives different scores to the same text: they differed by "
                    f"{difference:.2g} nats in a text of {len(window)} tokens. A layer draws random numbers, "
                    "so scores would not be reproducible."
                )

    def warn_about_rounding(self) -> None:
        """Warn if rounding moves scores, for example because layers quantise what they read."""
        if self._rounding > _LOUD_ROUNDING and self._student.model.dtype in _ALWAYS_ROUNDING:
            logger.warning(
                "%s: the smallest change of its embeddings changes the scores of tokens by up to %.1g nats. "
                "So scores vary by about as much with the machine and the batch. Possible causes are layers "
                "that quantise their inputs, and weights that are much larger than those of trained models.",
                self._name,
                self._rounding,
            )

    def longest_packed(self) -> int:
        """Longest window that may be packed."""
        if (reason := not_packable_because(self._student)) is not None:
            self._note("packed", reason)
            return 0
        return self.longest(_packed, "packed", _CROSSING)

    def longest(self, way: Any, described: str, crossing: int = _CHUNK) -> int:
        """Longest window for which a path gives the same scores as the window alone.

        Args:
            way: function that makes passes from windows.
            described: name of the path in the log.
            crossing: number of tokens by which the longer prompt crosses the boundaries.
        """
        beyond = min((length for length in self._boundaries if length > self._checked), default=UNLIMITED)
        prompt = self._longest_prompt(crossing)
        if self._agrees(way, prompt, min(crossing + 4, self._context - prompt), described):
            return beyond
        for length in sorted(self._crossed, reverse=True):
            if length >= 16 and self._agrees(way, length // 2, length // 2 - 2, described):
                return length
        return 0

    def _longest_prompt(self, crossing: int) -> int:
        """Length of the longer prompt, which crosses the boundaries by `crossing` tokens if that fits."""
        return min(max(self._crossed, default=0) + crossing, max(3, self._context - 2 * crossing - 8))

    def _agrees(self, way: Any, prompt: int, tokens: int, described: str) -> bool:
        windows = self._windows(prompt, tokens)
        expected = self._scored_alone(prompt, tokens)
        found: dict[int, np.ndarray] = {}
        try:
            for one in way(windows):
                found |= {
                    i: values["log_prob"] for i, values in run_pass(self._student, one, windows, ["log_prob"])
                }
        except Exception as error:  # models of all kinds: whatever they raise, another path remains
            self._note(described, error)
            return False
        ours = [found[index] for index in range(len(windows))]
        difference = _largest(ours, expected)
        allowed = self._tolerance
        if way is _continued:
            allowed = min(
                allowed, max(_SHARE_OF_EFFECT * self._effect(windows[0]), _ALWAYS_ROUNDING[torch.float32])
            )
        if not difference <= allowed:
            self._note(described, f"scores differ by {difference:.1e} nats")
            return False
        return True

    def _note(self, described: str, reason: Any) -> None:
        text = str(reason).splitlines()[0] if str(reason) else type(reason).__name__
        self.reasons.append(f"{described}: {text}")

    def _windows(self, prompt: int, tokens: int) -> list[Window]:
        """Two prompts with windows of several lengths."""
        ids = arbitrary_tokens((6, prompt + tokens + 6), self._vocabulary)
        long, short = ids[0, :prompt], ids[1, :3]
        return [
            Window(long, ids[2, : max(2, tokens // 2)], 0),
            Window(long, ids[3, :tokens], min(5, tokens - 1)),
            Window(short, ids[4, :6], 2),
            Window(short, ids[5, :1], 0),
        ]

    def _scored_alone(self, prompt: int, tokens: int) -> list[np.ndarray]:
        if (prompt, tokens) not in self._alone:
            windows = self._windows(prompt, tokens)
            self._alone[prompt, tokens] = [self._log_probs(window) for window in windows]
        return self._alone[prompt, tokens]

    def _log_probs(self, window: Window) -> np.ndarray:
        """Log-probabilities of the scored tokens of a window that is scored alone."""
        ((_, scored),) = run_pass(self._student, Rows([0], len(window)), [window], ["log_prob"])
        return scored["log_prob"]

    def _effect(self, window: Window) -> float:
        """How much the scores of a window change with another prompt, in nats."""
        other = Window(window.prompt[::-1].copy(), window.tokens, window.first_scored)
        return float(np.abs(self._log_probs(window) - self._log_probs(other)).mean())

    @cached_property
    def _tolerance(self) -> float:
        """Largest difference that counts as rounding, nats."""
        return self._always_rounding + _ROUNDINGS * self._rounding

    @property
    def _always_rounding(self) -> float:
        """Part of the tolerance that is the same for all models of a number type, nats."""
        if self._inexact_because is not None:
            return _ALWAYS_ROUNDING_IN_HALF
        return _ALWAYS_ROUNDING.get(self._student.model.dtype, _ALWAYS_ROUNDING_IN_HALF)

    @cached_property
    def _rounding(self) -> float:
        """How much scores of tokens change with the smallest change to all embeddings, nats."""
        window = self._windows(8, 12)[1]
        plain = self._log_probs(window)
        precision = torch.finfo(self._student.model.dtype).eps

        def change(_: Any, __: Any, output: torch.Tensor) -> torch.Tensor:
            signs = 1 - 2 * (torch.arange(output.numel(), device=output.device) % 2).view_as(output)
            return output * (1 + precision * signs.to(output.dtype))

        handle = self._student.model.get_input_embeddings().register_forward_hook(change)
        try:
            rounding = float(np.abs(self._log_probs(window) - plain).max())
        finally:
            handle.remove()
        return rounding if np.isfinite(rounding) else 0.0


def _packed(windows: Sequence[Window]) -> Sequence[Pass]:
    return pack_windows(windows, sum(map(len, windows)))


def _continued(windows: Sequence[Window]) -> Sequence[Pass]:
    first, second = ([0, 1], [2, 3])
    return [
        Continuation(
            len(windows[indices[0]].prompt),
            [Rows(indices, max(len(windows[index].tokens) for index in indices) - 1)],
        )
        for indices in (first, second)
    ]


def _in_rows(windows: Sequence[Window]) -> Sequence[Pass]:
    return [Rows(list(range(len(windows))), max(map(len, windows)))]


def _largest(ours: Sequence[np.ndarray], expected: Sequence[np.ndarray]) -> float:
    """Largest difference. Two infinities differ by NaN, which is within no tolerance."""
    with np.errstate(invalid="ignore"):
        return float(max(np.abs(a - b).max() for a, b in zip(ours, expected, strict=True)))
