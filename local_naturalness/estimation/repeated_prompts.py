"""The cost of scoring rows of the same prompt separately.

Rows of a prompt that are scored together share its pass. Scattered over a table each pays for its own,
which is much where responses are short and next to nothing where they are long.
"""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_naturalness.engine.paths import USUAL
from local_naturalness.estimation.work import Work
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.scorers.scorer import Scorer

# Below this share of the tokens bringing rows together is not worth the trouble.
WORTHWHILE = 0.05


@dataclass(frozen=True)
class PromptCost:
    """Tokens that pass for rows of a sample, each scored alone.

    Attributes:
        prompt_tokens: of prompts, which rows of one prompt could share.
        passed_tokens: of all, prompts included.
    """

    prompt_tokens: int
    passed_tokens: float

    def saved(self, shared: float) -> float:
        """Share of the passed tokens that is saved when this share of the rows finds its prompt passed."""
        return shared * self.prompt_tokens / self.passed_tokens if self.passed_tokens else 0.0


def prompt_cost(scorer: Scorer, rows: Any) -> PromptCost:
    """Count what rows need one by one; needs the tokenizer and no weights.

    Args:
        scorer: with all settings.
        rows: a batch as the scorer takes it.

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
    paths, prompt_tokens, passed = USUAL, 0, 0.0
    for row in scorer.planned(rows):
        if isinstance(row, PlannedRow):
            work = Work()
            work.add_windows(row.windows(), scorer.token_budget, paths)
            prompt_tokens += len(row.encoded.prompt)
            passed += work.passed_tokens
    return PromptCost(prompt_tokens, passed)


def scattered_share(keys: Sequence[str | None]) -> float:
    """Share of the rows whose prompt was passed before, yet not by the row just above.

    >>> scattered_share(["a", "a", "b", "b"]), scattered_share(["a", "b", "a", "b"])
    (0.0, 0.5)
    """
    if not keys:
        return 0.0
    runs = 1 + sum(one != other for one, other in itertools.pairwise(keys))
    return (runs - len(set(keys))) / len(keys)
