"""The response as token ids, tokenised once and as a whole, and its steps as ranges of these ids.

A response is tokenised alone and never in pieces, so its ids do not depend on how it is split into steps.
"""

import bisect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from local_naturalness.encoding.offsets import token_starts
from local_naturalness.encoding.reasoning import repeated_length

# Characters on each side of a seam. Tokens reach no further.
_NEAR = 64


@dataclass(frozen=True)
class EncodedResponse:
    """Token ids of a response, and the first character of each token."""

    ids: np.ndarray
    starts: list[int]


def encode_response(tokenizer: Any, response: str, opening: str = "") -> EncodedResponse:
    """Tokenise a whole response, without special tokens around it and without an end token.

    Args:
        tokenizer: the student's tokenizer.
        response: the text.
        opening: an opening at the end of the prompt, such as `<think>`. If the response repeats it, its
            tokens are dropped.
    """
    ids, starts = token_starts(tokenizer, response)
    if repeated := repeated_length(opening, response):
        first = bisect.bisect_left(starts, repeated)
        between = response[repeated : starts[first] if first < len(starts) else None]
        if between.strip(" "):
            # A token begins in the opening and ends after it, such as two line breaks.
            ids, rest = token_starts(tokenizer, response[repeated:])
            starts = [start + repeated for start in rest]
        else:
            ids, starts = ids[first:], starts[first:]
    return EncodedResponse(np.asarray(ids, dtype=np.int64), starts)


def joins_seam(tokenizer: Any, before: str, response: str) -> bool:
    """Whether a tokenizer that reads prompt and response at once makes other tokens of the response.

    Args:
        tokenizer: the student's tokenizer.
        before: text before the response.
        response: the text that is scored.
    """
    left, right = before[-_NEAR:], response[:_NEAR]
    alone = _ids(tokenizer, right)
    return bool(left and alone) and _ids(tokenizer, left + right)[-len(alone) :] != alone


def puts_space_first(tokenizer: Any) -> bool:
    """Whether a tokenizer puts a space in front of every text, as many SentencePiece tokenizers do."""
    first = tokenizer.convert_ids_to_tokens(_ids(tokenizer, "a")[:1])
    return bool(first) and str(first[0]).startswith(("\u2581", "\u0120"))  # as both families write a space


def _ids(tokenizer: Any, text: str) -> list[int]:
    return list(tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"])


def step_token_ranges(
    starts: Sequence[int], spans: Sequence[tuple[int, int]]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Turn step spans (characters) into token ranges.

    A token belongs to the step that contains its first character. Steps without a token are merged into the
    next step (at the end of the response, into the step before).

    Args:
        starts: first character of every token, non-decreasing.
        spans: `[start, end)` characters of the steps. They tile the response.

    Returns:
        `[start, end)` token ranges that tile the tokens, and the character spans of these steps.

    >>> step_token_ranges([0, 2, 5], [(0, 4), (4, 5), (5, 9)])
    ([(0, 2), (2, 3)], [(0, 4), (4, 9)])
    """
    ranges, merged = [], []
    first_token, first_character = 0, spans[0][0]
    for _, end in spans:
        end_token = bisect.bisect_left(starts, end)
        if end_token > first_token:
            ranges.append((first_token, end_token))
            merged.append((first_character, end))
            first_token, first_character = end_token, end
    if not ranges:
        return [], []
    merged[-1] = (merged[-1][0], spans[-1][1])
    # Offsets are never beyond the text, but a tokenizer may place its last token at the very end of the text.
    ranges[-1] = (ranges[-1][0], len(starts))
    return ranges, merged
