"""The cost of scoring rows of the same prompt separately.

Rows of the same prompt that are scored together share one pass over it. If they are scattered over a table,
each row needs a pass of its own. This costs much if responses are short, and next to nothing if they are
long.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_naturalness.engine.paths import USUAL
from local_naturalness.estimation.work import Work
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.scorers.scorer import Scorer

# If fewer tokens than this share can be saved, rows are not moved together.
WORTHWHILE = 0.05


@dataclass(frozen=True)
class PromptCost:
    """Tokens that pass through the model if each row of a sample is scored alone.

    Attributes:
        prompt_tokens: tokens of prompts, which rows of the same prompt could share.
        passed_tokens: all tokens, with prompts.
    """

    prompt_tokens: int
    passed_tokens: float

    def saved(self, shared: float) -> float:
        """Share of the tokens that is saved if the prompts of this share of the rows need not be passed."""
        return shared * self.prompt_tokens / self.passed_tokens if self.passed_tokens else 0.0


def prompt_cost(scorer: Scorer, rows: Any) -> PromptCost:
    """Count the tokens that rows need one by one. This needs the tokenizer, but no weights.

    Args:
        scorer: the scorer, with all its settings.
        rows: a batch of rows for the scorer.

    Example:

    ```python
    >>> from local_naturalness import LocalScorer
    >>> from local_naturalness.embedded import student_path
    >>> from local_naturalness.estimation.repeated_prompts import prompt_cost
    >>> rows = {"prompt": ["What is 2 + 3?"] * 2, "response": ["5.", "2 + 3 is 5."]}
    >>> cost = prompt_cost(LocalScorer(student_path()), rows)
    >>> cost.saved(0.5) > 0.3
    True

    ```
    """
    prompt_tokens, passed = 0, 0.0
    for row in scorer.planned(rows):
        if isinstance(row, PlannedRow):
            work = Work()
            work.add_windows(row.windows(), scorer.token_budget, USUAL)
            prompt_tokens += len(row.encoded.prompt)
            passed += work.passed_tokens
    return PromptCost(prompt_tokens, passed)


def scattered_share(keys: Sequence[str | None]) -> float:
    """Share of the rows whose prompt came before, but not in the row directly above.

    >>> scattered_share(["a", "a", "b", "b"]), scattered_share(["a", "b", "a", "b"])
    (0.0, 0.5)
    """
    if not keys:
        return 0.0
    runs = 1 + sum(one != other for one, other in itertools.pairwise(keys))
    return (runs - len(set(keys))) / len(keys)
