"""Where each token of a text begins, for any tokenizer."""

import logging
import re
from itertools import pairwise
from typing import Any

from local_naturalness.encoding.tokenizer_name import named

logger = logging.getLogger(__name__)

_NOT_SPACE = re.compile(r"\S")
# Decoders print this for bytes that do not form a character alone.
_UNDECODED = "\ufffd"
# In UTF-8, a character is complete after at most this many single-byte tokens.
_BYTES_OF_A_CHARACTER = 4
# Length in characters from which the memory cost is logged beforehand, and that cost (docs/performance.md).
_LONG = 5_000_000
_BYTES_A_CHARACTER = 270


def token_starts(tokenizer: Any, text: str) -> tuple[list[int], list[int]]:
    """Tokenise a text and find the character at which each token begins.

    Ends of tokens are not used, because they are unreliable. Those of Llama 3 have zero width, and byte-level
    tokenizers give one character to several tokens. Starts are reliable.

    Args:
        tokenizer: a transformers tokenizer, fast or slow.
        text: any text.

    Returns:
        Token ids, and the index of the first character of each token (non-decreasing).

    Raises:
        ValueError: the tokenizer has no offsets, and its tokens cannot be found in the text.
    """
    if not text:
        return [], []
    if not tokenizer.is_fast:
        ids = tokenizer(text, add_special_tokens=False, verbose=False)["input_ids"]
        return ids, _starts_from_pieces(tokenizer, ids, text)
    if len(text) >= _LONG:
        logger.info(
            "Tokenising a response of %.1f million characters takes about %.1f GB of memory.",
            len(text) / 1e6,
            len(text) * _BYTES_A_CHARACTER / 1e9,
        )
    encoded = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True, verbose=False)
    starts = [start for start, _ in encoded["offset_mapping"]]
    if any(later < earlier for earlier, later in pairwise(starts)):
        starts = _starts_from_pieces(tokenizer, encoded["input_ids"], text)
    return encoded["input_ids"], starts


def _starts_from_pieces(tokenizer: Any, ids: list[int], text: str) -> list[int]:
    """Find the decoded tokens one after another in the text.

    A token with a part of a character is decoded together with the tokens after it. A token that decodes to
    nothing begins where the token before it ended.
    """
    starts: list[int] = []
    position = 0
    pending: list[int] = []
    complete = [0]  # number of complete characters before each pending token
    for index, token in enumerate(ids):
        pending.append(token)
        piece = tokenizer.decode(pending, clean_up_tokenization_spaces=False)
        whole = piece.rstrip(_UNDECODED)
        is_partial = whole != piece or not piece
        if is_partial and len(pending) < _BYTES_OF_A_CHARACTER and index + 1 < len(ids):
            complete.append(len(whole))
            continue
        start, position = _find(piece, text, position, tokenizer)
        starts += [min(start + characters, position) for characters in complete]
        pending, complete = [], [0]
    return starts


def _find(piece: str, text: str, position: int, tokenizer: Any) -> tuple[int, int]:
    """Start and end of a decoded token in the text, at or shortly after a position."""
    if text.startswith(piece, position):
        return position, position + len(piece)
    bare = piece.strip(_UNDECODED).strip()
    # Some tokenizers drop white space between tokens. If there is other text between two tokens, the
    # tokenizer rewrites text.
    visible = _NOT_SPACE.search(text, position)
    near = (visible.start() if visible else len(text)) + len(bare) + 16
    found = text.find(bare, position, near) if bare else position
    if found < 0:
        raise ValueError(
            f"The tokenizer of {named(tokenizer)}, a {type(tokenizer).__name__}, gives no character offsets, "
            f"and its token {piece!r} could not be found in the text near "
            f"{text[position : position + 20]!r}. Use a fast tokenizer "
            "(`AutoTokenizer.from_pretrained(..., use_fast=True)`)."
        )
    return found, found + len(bare)
