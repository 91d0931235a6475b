"""The criteria: their directions, the columns they need, and the formulas that span several rows.

A criterion is a number per response. Most are columns a scorer wrote; `learnability` and
`global_naturalness_casl` are computed here from such columns, because they need all candidates
of a prompt or the whole dataset.
"""

import difflib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from local_naturalness.tables import Columns

logger = logging.getLogger(__name__)

DIRECTIONS = ("high", "low")


@dataclass(frozen=True)
class Criterion:
    """What is known about a criterion before any data is seen.

    Args:
        better: "high" or "low".
        scorer: Scorer that wrote it (or its inputs): `<scorer>_spec` holds the settings.
        inputs: Columns it is computed from; empty for a column that a scorer writes itself.
        written_by: What the user has to run to get the column or the inputs.
    """

    better: str
    scorer: str
    written_by: str
    inputs: tuple[str, ...] = ()


_LOCAL, _GLOBAL = "local_naturalness", "global_naturalness"

CRITERIA: Mapping[str, Criterion] = {
    "local_naturalness": Criterion("high", _LOCAL, "LocalScorer(...)"),
    "global_naturalness": Criterion("high", _GLOBAL, "GlobalScorer(...)"),
    "global_naturalness_by_step": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("steps",))'),
    "rank_surprisal_ratio": Criterion("low", _GLOBAL, 'GlobalScorer(..., statistics=("rank",))'),
    "learnability": Criterion(
        "high", _GLOBAL, 'GlobalScorer(..., statistics=("brier",))', ("global_naturalness", "brier")
    ),
    "global_naturalness_drop": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("steps",))'),
    "global_naturalness_casl": Criterion(
        "high",
        _GLOBAL,
        'GlobalScorer(..., statistics=("steps",))',
        (
            "global_naturalness",
            "global_naturalness_drop",
            "first_token_log_prob",
            "num_steps",
            "num_tokens",
        ),
    ),
}


@dataclass(frozen=True)
class ResolvedCriterion:
    """A criterion's name matched with the columns of one dataset.

    Args:
        name: As the user wrote it.
        kind: "column", "computed" or "random".
        direction: "high" or "low".
        base: The known criterion behind the name, `None` for other columns.
        suffix: What follows `base` in the column names of one scorer.
    """

    name: str
    kind: str
    direction: str
    base: str | None = None
    suffix: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns to read, with their suffix."""
        if self.kind == "column":
            return (self.name,)
        if self.kind == "random":
            return ()
        return tuple(column + self.suffix for column in CRITERIA[self.base].inputs)

    @property
    def spec_column(self) -> str | None:
        """The column that tells with which settings the scores were computed."""
        return f"{CRITERIA[self.base].scorer}_spec{self.suffix}" if self.base else None

    @property
    def sign(self) -> float:
        """+1.0 when high is better, else -1.0: values times the sign are "higher is better"."""
        return 1.0 if self.direction == "high" else -1.0


def resolve_criterion(
    name: str, columns: Iterable[str], direction: str | Mapping[str, str] | None = None
) -> ResolvedCriterion:
    """Match a criterion's name with the columns of a dataset and find its direction.

    Args:
        name: A column, a criterion computed on the spot, or "random". A known criterion may carry
            the `suffix` of the scorer that wrote it, recognised by its `<scorer>_spec<suffix>`.
        columns: The dataset's columns.
        direction: "high" or "low" for columns without a known direction, or a mapping from names
            to directions. Overrides the known direction.

    Raises:
        ValueError: The name is unknown, inputs are missing, or the direction is not known.

    Example:

    >>> resolve_criterion("rank_surprisal_ratio", ["prompt", "rank_surprisal_ratio"]).direction
    'low'
    """
    columns = list(columns)
    given = direction.get(name) if isinstance(direction, Mapping) else direction
    if given is not None and given not in DIRECTIONS:
        raise ValueError(f'`direction` must be "high" or "low", got {given!r}.')
    if name == "random":
        return ResolvedCriterion(name, "random", "high")
    base, suffix = _known_base(name, columns)
    if name in columns:
        better = given or (CRITERIA[base].better if base else None)
        if better is None:
            raise ValueError(
                f"Whether high or low is better is not known for column {name!r}: "
                f'pass `direction="high"` or `direction="low"`.'
            )
        return ResolvedCriterion(name, "column", better, base, suffix)
    if base is None:
        raise ValueError(_unknown_name(name, columns))
    criterion = CRITERIA[base]
    needed = [column + suffix for column in criterion.inputs] or [name]
    missing = [column for column in needed if column not in columns]
    if missing:
        raise ValueError(
            f"Criterion {name!r} needs the columns {needed}; missing: {missing}, found: {columns}. "
            f"They are written by {criterion.written_by}."
        )
    return ResolvedCriterion(name, "computed", given or criterion.better, base, suffix)


def _known_base(name: str, columns: list[str]) -> tuple[str | None, str]:
    for base in sorted(CRITERIA, key=len, reverse=True):
        suffix = name[len(base) :]
        has_scorer = f"{CRITERIA[base].scorer}_spec{suffix}" in columns
        if name.startswith(base) and (not suffix or has_scorer):
            return base, suffix
    return None, ""


def _unknown_name(name: str, columns: list[str]) -> str:
    nearest = difflib.get_close_matches(name, [*columns, *CRITERIA, "random"], n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return (
        f"Criterion {name!r} is neither a column nor a known criterion.{hint} "
        f"Columns found: {columns}; computed on the spot: "
        f"{[known for known, what in CRITERIA.items() if what.inputs]} and 'random'."
    )


def criterion_values(
    columns: Columns, criterion: ResolvedCriterion, prompt: np.ndarray, is_candidate: np.ndarray
) -> np.ndarray:
    """A stored or computed criterion for every candidate.

    Args:
        columns: The table.
        criterion: Not "random", whose numbers depend on a seed.
        prompt: Shape [rows], prompt numbers, non-negative where `is_candidate`.
        is_candidate: Shape [rows]. Other rows take no part in formulas that span rows.

    Returns:
        Shape [rows], NaN where the value is missing, not finite or of no candidate.

    Raises:
        ValueError: The scores were computed with different settings.
    """
    check_one_spec(columns, criterion)
    inputs = [np.where(is_candidate, columns.numbers(name), np.nan) for name in criterion.inputs]
    if criterion.kind == "column":
        (values,) = inputs
    elif criterion.base == "learnability":
        values = learnability(*inputs, prompt)
    else:
        values, _ = fit_casl(*inputs)
    values[~np.isfinite(values)] = np.nan
    return values


def check_one_spec(columns: Columns, criterion: ResolvedCriterion, earlier: str | None = None) -> str | None:
    """Raise a ValueError if the criterion's scores were computed with different settings.

    Args:
        columns: The table, or the next part of a stream.
        criterion: Whose scores.
        earlier: The settings of earlier parts.

    Returns:
        The settings, `None` where the dataset does not tell them.
    """
    if criterion.spec_column not in columns.names:
        return earlier
    found = [earlier] if earlier is not None else []
    found += [spec for spec in columns.distinct(criterion.spec_column, 2) if spec != earlier]
    if len(found) > 1:
        raise ValueError(
            f"Criterion {criterion.name!r} mixes scores of different settings, which are not "
            f"comparable: column {criterion.spec_column!r} holds {found[0]!r} and {found[1]!r}. "
            "Keep the rows of one of them, or score again."
        )
    return next(iter(found), None)


def learnability(global_naturalness: np.ndarray, brier: np.ndarray, prompt: np.ndarray) -> np.ndarray:
    """LARK's learnability of each response among the candidates of its prompt; high is better.

    With `L = -global_naturalness`, `rho = brier / L` and sums over the candidates of one prompt:
    `(L / sum L_i) * (2 rho - sum rho_i L_i / sum L_i)` (arXiv 2605.30651).

    Args:
        global_naturalness: Shape [rows], nats per token, at most 0. NaN leaves a row out.
        brier: Shape [rows]. NaN leaves a row out.
        prompt: Shape [rows], non-negative integers: equal numbers are candidates of one prompt.

    Returns:
        Shape [rows], NaN where an input is missing or `L` is not positive.

    Example: prompt 0 has L = 1, 2, 1, rho = 0.5, 0.25, 0.25, so sum L = 4 and
    sum rho L / sum L = 1.25 / 4 = 0.3125. Its first row: 1/4 * (1.0 - 0.3125) = 0.171875.
    Prompt 1 has L = 2, 1, 1, rho = 0.5, 1.0, 0.5: 2.5 / 4 = 0.625.

    >>> learnability(
    ...     np.array([-1.0, -2.0, -1.0, -2.0, -1.0, -1.0]),
    ...     np.array([0.5, 0.5, 0.25, 1.0, 1.0, 0.5]),
    ...     np.array([0, 0, 0, 1, 1, 1]),
    ... ).tolist()
    [0.171875, 0.09375, 0.046875, 0.1875, 0.34375, 0.09375]
    """
    loss = -global_naturalness
    usable = np.isfinite(loss) & np.isfinite(brier) & (loss > 0)
    scores = np.full(len(loss), np.nan)
    loss, brier, prompt = loss[usable], brier[usable], prompt[usable]
    total_loss = np.bincount(prompt, loss)[prompt]
    # rho_i * L_i is the Brier score itself, so the mean's numerator is the sum of the Brier scores.
    mean_rho = np.bincount(prompt, brier)[prompt] / total_loss
    scores[usable] = loss / total_loss * (2 * brier / loss - mean_rho)
    return scores


@dataclass(frozen=True)
class CaslFit:
    """The regression behind `global_naturalness_casl`, `M ~ M_non + M_first + F + 1`.

    Args:
        step_share: `g`, the coefficient of `F` = steps / tokens, which is subtracted.
        non_first: Coefficient of `M_non`, the mean over tokens that do not open a step.
        first: Coefficient of `M_first`, the mean over tokens that open a step.
        intercept: The constant.
        r_squared: Share of the variance of `M` explained.
        num_rows: Rows with all five inputs.
        identified: False when the inputs are collinear, so that `g` is one of many solutions.
    """

    step_share: float
    non_first: float
    first: float
    intercept: float
    r_squared: float
    num_rows: int
    identified: bool

    def __str__(self) -> str:
        doubt = "" if self.identified else "; inputs are collinear, g is not determined"
        return (
            f"CASL over {self.num_rows} rows: M = {self.non_first:.4g} M_non + {self.first:.4g} "
            f"M_first + {self.step_share:.4g} F + {self.intercept:.4g}, "
            f"R2 = {self.r_squared:.4f}{doubt}"
        )


def fit_casl(
    global_naturalness: np.ndarray,
    global_naturalness_drop: np.ndarray,
    first_token_log_prob: np.ndarray,
    num_steps: np.ndarray,
    num_tokens: np.ndarray,
) -> tuple[np.ndarray, CaslFit]:
    """ASLEC-CASL: global naturalness without the part that the share of step openings explains.

    `M - g F`, with `F = num_steps / num_tokens` and `g` from the least-squares fit
    `M ~ M_non + M_first + F + 1` over all rows given (arXiv 2604.06834).

    Args:
        global_naturalness: `M`, shape [rows], nats per token.
        global_naturalness_drop: `M_non`, shape [rows].
        first_token_log_prob: `M_first`, shape [rows].
        num_steps: Shape [rows].
        num_tokens: Shape [rows].

    Returns:
        The criterion, shape [rows], NaN where an input is missing, and the fit.

    Example: M is built as M_non - 2 F, so g = -2 and M + 2 F gives M_non back.

    >>> m_non = np.array([-1.0, -2.0, -1.5, -0.5, -1.0, -3.0])
    >>> m_first = np.array([-4.0, -3.0, -5.0, -4.5, -2.0, -1.0])
    >>> steps, tokens = np.array([1.0, 2, 1, 2, 3, 1]), np.array([4.0, 4, 8, 16, 4, 2])
    >>> scores, fit = fit_casl(m_non - 2 * steps / tokens, m_non, m_first, steps, tokens)
    >>> round(fit.step_share, 6), scores.round(6).tolist()
    (-2.0, [-1.0, -2.0, -1.5, -0.5, -1.0, -3.0])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        step_share = num_steps / num_tokens
    inputs = np.stack([global_naturalness_drop, first_token_log_prob, step_share], axis=1)
    usable = np.isfinite(global_naturalness) & np.isfinite(inputs).all(axis=1)
    scores = np.full(len(global_naturalness), np.nan)
    target, inputs = global_naturalness[usable], inputs[usable]
    if not len(target):
        return scores, CaslFit(np.nan, np.nan, np.nan, np.nan, np.nan, 0, False)
    # Centring takes the constant out of the system and keeps its solution well conditioned.
    centred, centred_target = inputs - inputs.mean(axis=0), target - target.mean()
    coefficients, _, rank, _ = np.linalg.lstsq(centred, centred_target, rcond=None)
    residual = centred_target - centred @ coefficients
    variation = centred_target @ centred_target
    fit = CaslFit(
        step_share=float(coefficients[2]),
        non_first=float(coefficients[0]),
        first=float(coefficients[1]),
        intercept=float(target.mean() - inputs.mean(axis=0) @ coefficients),
        r_squared=float(1 - residual @ residual / variation) if variation > 0 else 1.0,
        num_rows=len(target),
        identified=bool(rank == 3),
    )
    logger.log(logging.INFO if fit.identified else logging.WARNING, "%s", fit)
    scores[usable] = target - fit.step_share * inputs[:, 2]
    return scores, fit
