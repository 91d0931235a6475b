"""Random numbers that depend on a row's content, not on its place in the table."""

import numpy as np
import pandas as pd

from local_naturalness.tables import Columns, first_rows, hash_texts, require_columns


def random_scores(
    columns: Columns,
    prompt: np.ndarray,
    prompt_column: str,
    teacher_column: str,
    response_column: str,
    seed: int,
) -> np.ndarray:
    """A number in [0, 1) per row, drawn from (seed, prompt, teacher).

    If a teacher has several rows for a prompt, the number depends on the response too. For other rows, it is
    not read, because responses are most of a dataset's bytes.

    Args:
        columns: The dataset.
        prompt: Shape [rows], prompt numbers, -1 where there is no prompt.
        prompt_column: The column of prompts.
        teacher_column: Where the teachers are; may be absent.
        response_column: Where the responses are; needed only for repeated teachers.
        seed: Other seeds give other numbers.

    Returns:
        Shape [rows], float64. The same on every platform and in any order of rows.
    """
    prompt_keys = columns.content_keys(prompt_column, first_rows(prompt), seed)
    # Rows without a prompt or a teacher read the appended last key.
    keys = np.append(prompt_keys, np.uint64(0))[prompt]
    answerer = np.zeros(len(prompt), dtype=np.int64)
    if teacher_column in columns.names:
        answerer, names = columns.labels(teacher_column)
        keys = _mix(keys ^ np.append(hash_texts(names, seed), np.uint64(0))[answerer])
    cell = prompt * (answerer.max(initial=0) + 2) + answerer
    repeated = np.flatnonzero(pd.Series(cell).duplicated(keep=False) & (prompt >= 0))
    if len(repeated):
        require_columns(columns.names, {"response_column": response_column})
        keys[repeated] = _mix(keys[repeated] ^ columns.content_keys(response_column, repeated, seed))
    return (_mix(keys) >> np.uint64(11)).astype(np.float64) / 2**53


def _mix(keys: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64: every bit of the input moves every bit of the output."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
