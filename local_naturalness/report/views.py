"""Views: the lists of step scores in a table that steps can be coloured by."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from local_naturalness.criteria import CRITERIA, ResolvedCriterion

_SEES = {
    "local_naturalness": "given the prompt and the steps of its window",
    "global_naturalness": "given the prompt and everything before it",
}
_PREFIX = {"local_naturalness": "", "global_naturalness": "global_"}


@dataclass(frozen=True)
class View:
    """One score per step, the mean of its log-probabilities.

    Args:
        scorer: "local_naturalness" or "global_naturalness".
        suffix: Of the scorer's columns.
    """

    scorer: str
    suffix: str

    @property
    def name(self) -> str:
        """The name on the page."""
        return self.scorer + self.suffix

    @property
    def scores(self) -> str:
        """The column of lists of scores."""
        return f"{_PREFIX[self.scorer]}step_scores{self.suffix}"

    @property
    def spans(self) -> str:
        """The column of the positions of the steps."""
        return f"step_spans{self.suffix}"

    @property
    def tokens(self) -> str:
        """The column of the lengths of the steps, which the table may lack."""
        return f"step_tokens{self.suffix}"

    @property
    def sees(self) -> str:
        """What a step is conditioned on, in words."""
        return _SEES[self.scorer]


def view_of(criterion: ResolvedCriterion | None) -> View | None:
    """The view with the step scores of a criterion."""
    if criterion is None or criterion.base is None:
        return None
    return View(CRITERIA[criterion.base].scorer, criterion.suffix)


def views_of(criteria: Sequence[ResolvedCriterion | None], names: Iterable[str]) -> list[View]:
    """The views of a table, at most two: those of the criteria, or else of either scorer.

    >>> from local_naturalness.criteria import resolve_criterion
    >>> names = ["global_naturalness", "step_scores", "step_spans"]
    >>> [view.name for view in views_of([resolve_criterion("global_naturalness", names)], names)]
    ['local_naturalness']
    """
    wanted = [view for view in map(view_of, criteria) if view is not None]
    wanted += [View(scorer, "") for scorer in _SEES]
    there = set(names)
    return [view for view in dict.fromkeys(wanted) if {view.scores, view.spans} <= there][:2]
