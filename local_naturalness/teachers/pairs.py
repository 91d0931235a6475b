"""How often pairs of teachers answer the same prompt: the quadratic part of the additive fit."""

import numpy as np

# Adding up the pairs that are there costs about as much a pair as multiplying by so many.
_DENSE_PAIRS = 16
_NUMBERS_AT_ONCE = 5_000_000


def weighted_pairs(answered: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """`sum_p w_p [i in S_p] [j in S_p] / n_p` for all pairs of teachers i < j.

    Args:
        answered: Shape [prompts, teachers], bool: who is in `S_p`.
        weights: Shape [fits, prompts].

    Returns:
        Shape [fits, pairs] in the type of the weights; pairs in the order of `numpy.triu_indices`.

    Example: teachers 0 and 1 meet at the first prompt, all three at the second.

    >>> answered = np.array([[True, True, False], [True, True, True]])
    >>> weighted_pairs(answered, np.array([[1.0, 3.0]])).tolist()
    [[1.5, 1.0, 1.0]]
    """
    num_teachers = answered.shape[1]
    num_answers = answered.sum(axis=1)
    num_there = int((num_answers * (num_answers - 1)).sum())
    if num_there * _DENSE_PAIRS > answered.size * (num_teachers - 1):
        one, other = np.triu_indices(num_teachers, k=1)
        share = answered / np.maximum(num_answers, 1)[:, None]
        return weights @ (share[:, one] * answered[:, other]).astype(weights.dtype)
    prompt, pair = _pairs_there(answered)
    sums = np.zeros((len(weights), num_teachers * (num_teachers - 1) // 2), weights.dtype)
    at_once = max(_NUMBERS_AT_ONCE // len(weights), 1)
    for start in range(0, len(pair), at_once):
        prompts = prompt[start : start + at_once]
        pairs, first = np.unique(pair[start : start + at_once], return_index=True)
        terms = weights[:, prompts] / num_answers[prompts].astype(weights.dtype)
        sums[:, pairs] += np.add.reduceat(terms, first, axis=1)
    return sums


def _pairs_there(answered: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Prompt and number of every pair of answers to a prompt, in ascending order of the numbers."""
    prompt, teacher = np.nonzero(answered)
    end = np.searchsorted(prompt, prompt, side="right")
    num_later = end - np.arange(len(prompt)) - 1
    one = np.repeat(np.arange(len(prompt)), num_later)
    other = one + 1 + np.arange(len(one)) - np.repeat(np.cumsum(num_later) - num_later, num_later)
    row, column = teacher[one], teacher[other]
    pair = row * answered.shape[1] - row * (row + 1) // 2 + column - row - 1
    order = np.argsort(pair, kind="stable")
    return prompt[one][order], pair[order]
