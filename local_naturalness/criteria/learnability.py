"""LARK's learnability."""

import numpy as np


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
