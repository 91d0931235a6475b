"""Do two criteria order the responses of a prompt alike? Kendall's tau over pairs of responses."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

DRAWS = 1000


@dataclass(frozen=True)
class Tau:
    """Share of pairs that are ordered alike, less the share of those ordered the other way.

    Args:
        tau: 1 for the same order, 0 for none; NaN without pairs.
        low, high: 95 % interval by a bootstrap over prompts.
        pairs, prompts: On which it rests.
    """

    tau: float
    low: float
    high: float
    pairs: int
    prompts: int


def pairs_of(rows: pd.DataFrame, criteria: Sequence[str]) -> pd.DataFrame:
    """All pairs of responses to the same prompt.

    Args:
        rows: With `prompt`, `tokens` and the criteria.
        criteria: Columns.

    Returns:
        A row for each pair: `prompt`, the mean `tokens` of the two, and for each criterion +1, -1 or 0
        (ties) for which of them is higher; NaN where one has no value.
    """
    tables = []
    for prompt, members in rows.groupby("prompt", sort=False):
        first, second = np.triu_indices(len(members), k=1)
        values = members[list(criteria)].to_numpy(dtype=float)
        signs = np.sign(values[first] - values[second])
        tokens = members["tokens"].to_numpy()
        tables.append(
            pd.DataFrame(signs, columns=list(criteria)).assign(
                prompt=prompt, tokens=(tokens[first] + tokens[second]) / 2
            )
        )
    return pd.concat(tables, ignore_index=True)


def tau_between(pairs: pd.DataFrame, one: str, other: str, seed: int = 0) -> Tau:
    """Over the pairs in which both have a value.

    >>> pairs = pd.DataFrame({"prompt": list("ppq"), "a": [1, 1, -1], "b": [1, -1, -1]})
    >>> round(tau_between(pairs, "a", "b").tau, 2)
    0.33
    """
    alike = (pairs[one] * pairs[other]).dropna()
    if alike.empty:
        return Tau(np.nan, np.nan, np.nan, 0, 0)
    by_prompt = alike.groupby(pairs.loc[alike.index, "prompt"]).agg(["sum", "size"])
    number = len(by_prompt)
    weights = np.random.default_rng(seed).multinomial(number, np.full(number, 1 / number), size=DRAWS)
    draws = (weights @ by_prompt["sum"].to_numpy()) / (weights @ by_prompt["size"].to_numpy())
    low, high = np.quantile(draws, [0.025, 0.975])
    return Tau(float(alike.mean()), float(low), float(high), len(alike), number)


def same_pick(rows: pd.DataFrame, one: str, other: str) -> float:
    """Share of prompts of which both would pick the same response.

    >>> rows = pd.DataFrame({"prompt": list("ppqq"), "a": [1, 2, 1, 2], "b": [3, 4, 9, 0]})
    >>> same_pick(rows, "a", "b")
    0.5
    """
    known = rows.dropna(subset=[one, other]).groupby("prompt")
    return float((known[one].idxmax() == known[other].idxmax()).mean())
