"""Global naturalness of responses, for `dataset.map`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from local_naturalness.encoding.example_encoder import EncodedExample
from local_naturalness.encoding.examples import Example
from local_naturalness.engine.windows import WindowPlan, WindowSpan
from local_naturalness.scorers.aggregation import (
    first_token_statistics,
    high_entropy_sum,
    prediction_difficulty,
    rank_surprisal,
    seqlss,
    step_means,
)
from local_naturalness.scorers.planned_row import PlannedRow
from local_naturalness.scorers.scorer import Scorer
from local_naturalness.scorers.written_columns import Scores

_INT, _FLOAT = pa.int32(), pa.float64()

_STATISTIC_TYPES = {
    "rank": {"rank_surprisal_ratio": _FLOAT, "mean_clipped_rank": _FLOAT},
    "brier": {"brier": _FLOAT},
    "entropy": {"entropy": _FLOAT, "high_entropy_sum": _FLOAT, "prediction_difficulty": _FLOAT},
    "mass_above": {"seqlss": _FLOAT},
    "steps": {
        "global_naturalness_by_step": _FLOAT,
        "global_naturalness_drop": _FLOAT,
        "first_token_log_prob": _FLOAT,
        "num_steps": _INT,
        "repeated_step_share": _FLOAT,
    },
}
_PARTS_OF_STEPS = {
    "global_step_scores": pa.list_(_FLOAT),
    "step_tokens": pa.list_(_INT),
    "step_spans": pa.list_(pa.list_(_INT)),
}
# What the engine computes for each token.
_TOKEN_STATISTICS = {
    "rank": ("rank",),
    "brier": ("brier",),
    "entropy": ("entropy", "entropy_share"),
    "mass_above": ("mass_above",),
    "steps": (),
}


@dataclass(kw_only=True, eq=False, repr=False)
class GlobalScorer(Scorer):
    """Score responses by global naturalness: every token given the prompt and all tokens before it.

    `1/T sum_j log p(t_j | x, t_<j)`, in nats, higher is more natural (GRAPE, arXiv 2502.04194). Responses
    that do not fit into the student's context with their prompt are not scored (`too_long_for_global`).

    Args:
        statistics (sequence of `str`, *optional*, defaults to `()`):
            More columns from the same pass:

            - `"rank"`: `rank_surprisal_ratio` (RSR, arXiv 2601.14249, lower is better) and
              `mean_clipped_rank`.
            - `"brier"`: `brier`, the Brier score over the 50 most likely tokens (an input of LARK, arXiv
              2605.30651).
            - `"entropy"`: `entropy` (mean, nats), `high_entropy_sum` (bits, HES, arXiv 2605.22389) and
              `prediction_difficulty` (UPD, arXiv 2503.11441).
            - `"mass_above"`: `seqlss` (SeqLSS, arXiv 2608.29623).
            - `"steps"`: `global_naturalness_by_step` (mean over steps of the step's mean),
              `global_naturalness_drop` (without the first token of each step, ASLEC, arXiv 2604.06834),
              `first_token_log_prob`, `num_steps` and `repeated_step_share`.
        return_steps (`bool`, *optional*, defaults to `False`):
            Add the columns of the statistic `"steps"` and three lists with one item per step:
            `global_step_scores` (mean nats per token, given everything before the step), `step_tokens`
            (number of tokens, the weight of the step in global naturalness) and `step_spans`
            (`[start, end)` characters). Together with the lists of `LocalScorer(..., return_steps=True)`,
            they show where in a response the two scores differ.

    The other arguments are those of `LocalScorer`. `splitter` and `steps_column` only matter for `"steps"`.

    Columns written: `global_naturalness` (float64, nats), `initial_loss` (float64: minus the score, which is
    the loss before training, for methods that measure its drop), `global_naturalness_status`,
    `global_naturalness_spec` (string), `num_tokens` (int32), the columns of `statistics`, `prompt_key`
    (string: digest of the prompt, by which rankings and selections group rows) and `response_key` (string:
    digest of the response that was scored, by which an export recognises responses that were changed later).

    Raises:
        ValueError: a statistic is unknown, a needed column is missing, or the dataset already has scores with
            other settings.
        TypeError: a column does not hold texts.

    Example:

    ```python
    >>> from local_naturalness import GlobalScorer
    >>> from local_naturalness.embedded import student_path
    >>> scorer = GlobalScorer(student_path(), statistics=["steps"])
    >>> row = scorer({"prompt": "What is 2 + 3?", "response": "Adding 2 and 3 gives 5. The answer is 5."})
    >>> row["global_naturalness"] < 0, row["num_steps"]
    (True, 2)
    >>> scorer = GlobalScorer(student_path(), return_steps=True)
    >>> row = scorer({"prompt": "What is 2 + 3?", "response": "Adding 2 and 3 gives 5. The answer is 5."})
    >>> total = sum(n * mean for n, mean in zip(row["step_tokens"], row["global_step_scores"]))
    >>> abs(total / row["num_tokens"] - row["global_naturalness"]) < 1e-5
    True

    ```
    """

    criterion: ClassVar[str] = "global_naturalness"
    sibling: ClassVar[str] = "local_naturalness"

    statistics: Sequence[str] = ()
    return_steps: bool = False

    def __post_init__(self, tokenizer: Any, device: Any, dtype: Any) -> None:
        unknown = sorted(set(self.statistics) - set(_STATISTIC_TYPES))
        if isinstance(self.statistics, str) or unknown:
            raise ValueError(
                f"`statistics` must be a sequence of names from {', '.join(map(repr, _STATISTIC_TYPES))}; "
                f"found {self.statistics!r}."
            )
        asked = {*self.statistics, "steps"} if self.return_steps else self.statistics
        # In one order, so that the same statistics named in another order are the same settings.
        self.statistics = tuple(name for name in _STATISTIC_TYPES if name in asked)
        if not self._with_steps:
            self.steps_column = None
        super().__post_init__(tokenizer, device, dtype)
        if not self._with_steps:
            self._splitter = self.splitter = (
                None  # steps are not needed, so they neither cost time nor change the identity
            )

    @property
    def types(self) -> dict[str, pa.DataType]:
        types = {"global_naturalness": _FLOAT, "initial_loss": _FLOAT, "num_tokens": _INT}
        for name in self.statistics:
            types |= _STATISTIC_TYPES[name]
        return types | (_PARTS_OF_STEPS if self.return_steps else {})

    @property
    def _with_steps(self) -> bool:
        return "steps" in self.statistics

    def _settings(self) -> dict[str, Any]:
        settings: dict[str, Any] = {"scorer": "global"}
        if self.statistics:
            settings["statistics"] = list(self.statistics)
        if self._with_steps:
            settings["splitter"] = self._splitter_setting()
        return settings | super()._settings()

    def _plan(self, row: EncodedExample, room: int, example: Example) -> WindowPlan | str:
        if len(row.response) > room:
            return "too_long_for_global"
        return WindowPlan([WindowSpan(0, 0, len(row.response))])

    def _token_statistics(self) -> tuple[str, ...]:
        return ("log_prob", *(name for asked in self.statistics for name in _TOKEN_STATISTICS[asked]))

    def _derived(self, row: Scores) -> Scores:
        score = row.get("global_naturalness")
        return {"initial_loss": None if score is None else -score}

    def _columns(self, row: PlannedRow, tokens: Mapping[str, np.ndarray]) -> Scores:
        encoded, log_probs = row.encoded, tokens["log_prob"]
        scores: Scores = {
            "status": row.plan.status,
            "global_naturalness": float(log_probs.mean()),
            "num_tokens": encoded.num_tokens,
        }
        for name in ("brier", "entropy"):
            if name in tokens:
                scores[name] = float(tokens[name].mean())
        if "entropy" in tokens:
            scores["high_entropy_sum"] = high_entropy_sum(tokens["entropy"])
            scores["prediction_difficulty"] = prediction_difficulty(log_probs, tokens["entropy_share"])
        if "mass_above" in tokens:
            scores["seqlss"] = seqlss(log_probs, tokens["mass_above"])
        if "rank" in tokens:
            ratio, mean_rank = rank_surprisal(tokens["rank"], log_probs)
            scores |= {"rank_surprisal_ratio": ratio, "mean_clipped_rank": mean_rank}
        if self._with_steps:
            first, others = first_token_statistics(log_probs, encoded.owned_steps)
            means = step_means(log_probs, encoded.owned_steps)
            scores |= {
                "global_naturalness_by_step": float(means.mean()),
                "global_step_scores": means.tolist(),
                "step_tokens": [end - start for start, end in encoded.owned_steps],
                "step_spans": [list(span) for span in encoded.spans],
                "global_naturalness_drop": others,
                "first_token_log_prob": first,
                "num_steps": len(encoded.owned_steps),
                "repeated_step_share": row.repeated_step_share,
            }
        return scores
