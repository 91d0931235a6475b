"""Counts how much there is to compute for rows, before anything is computed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from local_naturalness.engine.packing import Window
from local_naturalness.engine.paths import Paths
from local_naturalness.student.cost import StudentCost


@dataclass
class Work:
    """Counts over rows.

    Attributes:
        rows: by status; those without a score are not counted below.
        doubts: rows with a score by what is doubtful about it.
        response_tokens: of the responses.
        steps: of the responses.
        scored_tokens: that pass through the output layer; fewer than `response_tokens` with `max_steps`.
        passed_tokens: that pass through the layers, windows and the prompts that they share.
        visible_pairs: sum over the passed tokens of the tokens that each sees.
    """

    rows: Counter[str] = field(default_factory=Counter)
    doubts: Counter[str] = field(default_factory=Counter)
    response_tokens: float = 0
    steps: float = 0
    scored_tokens: float = 0
    passed_tokens: float = 0
    visible_pairs: float = 0

    def __add__(self, other: "Work") -> "Work":
        return Work(**{name: value + getattr(other, name) for name, value in vars(self).items()})

    def operations(self, cost: StudentCost) -> float:
        """Floating-point operations."""
        return cost.operations(self.passed_tokens, self.visible_pairs, self.scored_tokens)

    def scaled(self, factor: float) -> "Work":
        """As much work for `factor` times the rows, of the same kinds."""
        scaled: dict[str, Any] = {
            name: Counter({kind: round(count * factor) for kind, count in value.items()})
            if isinstance(value, Counter)
            else value * factor
            for name, value in vars(self).items()
        }
        return Work(**scaled)

    def add_windows(self, windows: Sequence[Window], max_tokens: int, paths: Paths) -> None:
        """Count the passes over windows that are scored together."""
        self.scored_tokens += sum(len(window.scored) for window in windows)
        for one in paths.plan(windows, max_tokens):
            self.passed_tokens += one.num_tokens
            self.visible_pairs += one.num_pairs
