"""Tokens per pass: as many as are fast and fit into free memory."""

import logging

import psutil
import torch

from local_naturalness.engine.projection import PIECE_BYTES
from local_naturalness.student.cost import StudentCost

logger = logging.getLogger(__name__)

# Matrix products reach their full rate at about 4K rows. More rows fit on a GPU.
_ENOUGH_TOKENS = {"cpu": 8_192, "cuda": 32_768}
# Rows of a batch go through recurrent layers and various kinds of attention. These are faster on a CPU if
# their data fits into its caches.
_ENOUGH_TOKENS_IN_ROWS = {"cpu": 2_048}
# Logits of a piece, and twice as much while statistics are computed from them.
_PIECES = 3
# Memory for copies of the state of a prompt, one for each row of a batch. On a GPU, this share of all memory
# if that is more.
_STATE_BYTES = 512 * 2**20
_STATE_SHARE = 1 / 16
# Share of free memory to use. The rest is for attention and for other programs on the machine.
_USABLE_SHARE = 0.5


def pass_bytes(cost: StudentCost, max_tokens: int) -> int:
    """Memory that a pass needs, without the weights and without attention."""
    return max_tokens * cost.bytes_per_token + _PIECES * PIECE_BYTES


def enough_tokens(device_type: str, in_rows: bool = False) -> int:
    """Tokens per pass, packed or in rows, beyond which a pass gets no faster per token."""
    enough = _ENOUGH_TOKENS.get(device_type, 8_192)
    return _ENOUGH_TOKENS_IN_ROWS.get(device_type, enough) if in_rows else enough


def token_budget(cost: StudentCost, device: torch.device) -> int:
    """Tokens per pass for a device and its free memory."""
    enough = enough_tokens(device.type)
    usable = _USABLE_SHARE * _free_bytes(device)
    budget = enough
    while budget > 256 and pass_bytes(cost, budget) > usable:
        budget //= 2
    if budget < enough:
        logger.warning(
            "Little memory is free (%.1f GB): batches of %d tokens instead of %d.",
            usable / _USABLE_SHARE / 1e9,
            budget,
            enough,
        )
    return budget


def state_bytes(device: torch.device) -> int:
    """Memory for copies of the state of a prompt."""
    if device.type == "cuda":
        return max(_STATE_BYTES, int(_STATE_SHARE * torch.cuda.mem_get_info(device)[1]))
    return _STATE_BYTES


def _free_bytes(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    return int(psutil.virtual_memory().available)
