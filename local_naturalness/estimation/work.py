"""Counts the work for rows before anything is computed."""

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
        rows: number of rows by status. Rows without a score are not counted in the other attributes.
        doubts: number of rows by kind of doubt about their score.
        response_tokens: tokens of the responses.
        steps: steps of the responses.
        scored_tokens: tokens that pass through the output layer. With `max_steps`, fewer than
            `response_tokens`.
        passed_tokens: tokens that pass through the layers: windows, and the prompts that they share.
        visible_pairs: number of tokens that each passed token sees, summed.
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
        """The work for `factor` times as many rows of the same kinds."""
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
