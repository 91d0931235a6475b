"""One row for each step of each response: where it stands, and its scores."""

import zlib
from collections.abc import Sequence

import numpy as np
import pandas as pd
from transformers import PreTrainedTokenizerBase

# Below this share of its size after compression a response is counted as one that repeats itself.
REPETITIVE = 0.2


def step_tokens(
    tokenizer: PreTrainedTokenizerBase, response: str, spans: Sequence[Sequence[int]]
) -> list[int]:
    """Tokens of every step: a token belongs to the step that holds its first character.

    Args:
        tokenizer: A fast one.
        response: The text.
        spans: `step_spans` of the response, `[start, end)` characters that tile it.
    """
    encoded = tokenizer(response, add_special_tokens=False, return_offsets_mapping=True)
    begins = np.array([start for start, _ in encoded["offset_mapping"]])
    owner = np.searchsorted([start for start, _ in spans], begins, side="right") - 1
    return np.bincount(np.maximum(owner, 0), minlength=len(spans)).tolist()


def step_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Steps of all rows.

    Args:
        rows: With `step_tokens`, `step_scores_full` and `step_scores_w4`, null for steps outside a sample.

    Returns:
        Columns `row`, `position` (tokens of the response before the step), `tokens`, `full` and `windows`
        (mean log-probability of a token, nats; NaN where the step was not scored).

    >>> rows = {"step_tokens": [[2, 3]], "step_scores_full": [[-1, -2]], "step_scores_w4": [[None, -3]]}
    >>> step_table(pd.DataFrame(rows))[["position", "tokens", "full", "windows"]].values.tolist()
    [[0.0, 2.0, -1.0, nan], [2.0, 3.0, -2.0, -3.0]]
    """
    tables = []
    for row in rows.itertuples():
        if row.step_scores_full is None:
            continue
        counts = np.array(row.step_tokens)
        tables.append(
            pd.DataFrame(
                {
                    "row": row.Index,
                    "position": counts.cumsum() - counts,
                    "tokens": counts,
                    "full": np.array(row.step_scores_full, dtype=float),
                    "windows": np.array(row.step_scores_w4, dtype=float),
                }
            )
        )
    return pd.concat(tables, ignore_index=True)


def mean_per_token(steps: pd.DataFrame, score: str) -> float:
    """Mean over the tokens of the steps that have the score.

    >>> mean_per_token(pd.DataFrame({"tokens": [1, 3], "full": [-4.0, -2.0]}), "full")
    -2.5
    """
    known = steps.dropna(subset=score)
    return float(np.average(known[score], weights=known["tokens"])) if len(known) else float("nan")


def compressed_share(text: str) -> float:
    """Size of a text after compression, as a share of it: small for a text that repeats itself."""
    raw = text.encode()
    return len(zlib.compress(raw, 9)) / len(raw)
