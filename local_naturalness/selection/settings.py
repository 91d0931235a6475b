"""The settings of a selection, checked before any data is read."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from numbers import Real
from typing import TYPE_CHECKING

from local_naturalness.criteria import ResolvedCriterion, check_directions, resolve_criterion
from local_naturalness.tables import Where, check_where, grouping_column, require_columns, where_columns

if TYPE_CHECKING:
    from local_naturalness.selection.matching import Match


@dataclass(frozen=True)
class Settings:
    """The arguments of `select_responses`; `match` as far as it has been read.

    `prompt_column` is `None` until the columns are known, unless one was named.
    """

    by: str | Mapping[str, float]
    k: int | None
    mode: str
    direction: str | Mapping[str, str] | None
    where: Where | None
    min_score: float | None
    max_teacher_share: float | None
    normalize: str
    weights: str | None
    match: "Match | None"
    match_length: bool
    correct: str | None
    prompt_column: str | None
    teacher_column: str
    response_column: str
    seed: int

    def __post_init__(self) -> None:
        if self.k is not None and not (_is_whole(self.k) and self.k >= 1):
            raise ValueError(f"`k` must be a positive integer or None (all rows), got {self.k!r}.")
        _check_choice("mode", self.mode, ("best", "worst"))
        _check_choice("normalize", self.normalize, ("zscore", "rank"))
        _check_choice("weights", self.weights, (None, "chi2"))
        share = self.max_teacher_share
        if share is not None and not (_is_number(share) and 0 < share <= 1):
            raise ValueError(f"`max_teacher_share` must be above 0 and at most 1, got {share!r}.")
        if self.min_score is not None and not _is_number(self.min_score):
            raise ValueError(f"`min_score` must be a finite number, got {self.min_score!r}.")
        if not _is_whole(self.seed):
            raise ValueError(f"`seed` must be an integer, got {self.seed!r}.")
        check_where(self.where)
        if isinstance(self.by, Mapping):
            _check_combination(self.by)
        elif not isinstance(self.by, str):
            raise TypeError(
                f"`by` must be the name of a criterion or a dict of names and weights, got {self.by!r}."
            )
        if self.min_score is not None and self.by == "random":
            raise ValueError(
                "`min_score` is a bound for a criterion, and random numbers are not one: drop it, or put "
                f'the bound into `where`, such as `where="local_naturalness >= {self.min_score}"`.'
            )
        if self.match is None and self.match_length:
            raise ValueError(
                "`match_length=True` makes a control as long as a selection: pass it as `match` too."
            )
        if self.match is not None and self.by != "random":
            raise ValueError(
                "`match` makes a random control with the prompts and teacher shares of a selection: "
                f'pass `by="random"` with it, got `by={self.by!r}`.'
            )
        if self.match is not None and share is not None:
            raise ValueError("`match` already fixes the teacher shares: drop `max_teacher_share`.")

    @property
    def group_column(self) -> str:
        """The column that identifies prompts."""
        return self.prompt_column or "prompt"

    def grouped(self, columns: Sequence[str]) -> "Settings":
        """These settings with the column that identifies prompts, chosen from the existing columns.

        Args:
            columns: The columns of the table; empty if a stream does not know them.
        """
        return replace(self, prompt_column=grouping_column(columns, self.prompt_column)) if columns else self

    @property
    def looks_at_whole_dataset(self) -> list[str]:
        """The given arguments that do not work with a stream."""
        wanted = {"max_teacher_share": self.max_teacher_share, "match": self.match}
        return [name for name, value in wanted.items() if value is not None]

    def criteria(self, columns: list[str]) -> dict[ResolvedCriterion, float]:
        """The criteria of `by`, matched with the columns, and their weights."""
        weights = self.by if isinstance(self.by, Mapping) else {self.by: 1.0}
        check_directions(self.direction, weights)
        return {resolve_criterion(name, columns, self.direction): weight for name, weight in weights.items()}

    def check_columns(self, columns: list[str]) -> None:
        """Raise if a column that the settings name is missing."""
        needed = {"prompt_column": self.group_column}
        # Without teachers a selection still makes sense, unless one was asked for by name.
        if self.looks_at_whole_dataset or self.teacher_column != "teacher":
            needed["teacher_column"] = self.teacher_column
        if self.match_length:
            needed["match_length"] = "num_tokens"
        if self.correct is not None:
            needed["correct"] = self.correct
        require_columns(columns, needed)
        if isinstance(self.where, str):
            where_columns(self.where, columns)


def _check_choice(argument: str, value: str | None, choices: tuple[str | None, ...]) -> None:
    if value not in choices:
        raise ValueError(f"`{argument}` must be one of {list(choices)}, got {value!r}.")


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, Real) and _is_number(value) and float(value).is_integer()


def _check_combination(weights: Mapping[str, float]) -> None:
    numbers = list(weights.values())
    if not numbers or not all(map(_is_number, numbers)) or not any(numbers):
        raise ValueError(
            "`by` as a dict gives each criterion a finite weight, at least one of them not zero, "
            f"got {dict(weights)}."
        )
