"""ASLEC-CASL: global naturalness, corrected for the share of tokens that open a step."""

import logging
from dataclasses import dataclass

import numpy as np

logger = logging.getLogger(__name__)

# Ten rows for each of the four coefficients, the usual rule of thumb for a regression.
FEWEST_ROWS = 40


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
        doubt = ""
        if not self.identified:
            doubt = "; inputs are collinear, g is not determined"
        elif self.num_rows < FEWEST_ROWS:
            doubt = f"; for a reliable g, {FEWEST_ROWS} rows or more are needed"
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
    """Compute ASLEC-CASL: global naturalness, corrected for the share of tokens that open a step.

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
    is_sound = fit.identified and fit.num_rows >= FEWEST_ROWS
    logger.log(logging.INFO if is_sound else logging.WARNING, "%s", fit)
    scores[usable] = target - fit.step_share * inputs[:, 2]
    return scores, fit
