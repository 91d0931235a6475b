"""Out-of-memory back-off: after a pass ran out of memory, smaller batches until they fit."""

import logging
from collections.abc import Callable

import torch

logger = logging.getLogger(__name__)


def smaller_until_it_fits(run: Callable[[int], object], max_tokens: int, device: torch.device) -> None:
    """Call `run` until it does not run out of memory, each time with half as many tokens per pass.

    Args:
        run: takes the tokens per pass. It keeps what it has finished, and the next call goes on from there.
        max_tokens: tokens per pass of the first call.
        device: on which it runs.

    Raises:
        MemoryError: a single token was too much.
        RuntimeError: what `run` raises about something else than memory.
    """
    while True:
        try:
            run(max_tokens)
            return
        except (torch.OutOfMemoryError, RuntimeError) as error:
            max_tokens = _halved(error, max_tokens, device)


def _halved(error: RuntimeError, max_tokens: int, device: torch.device) -> int:
    """Half as many tokens, if the error says that memory ran out; any other error is raised again."""
    if not isinstance(error, torch.OutOfMemoryError) and "memory" not in str(error).lower():
        raise error
    if max_tokens < 2:
        raise MemoryError(
            "A single window does not fit into memory. Use a smaller `window`, a smaller `dtype`, or "
            "another `device`."
        ) from error
    if device.type == "cuda":
        torch.cuda.empty_cache()
    logger.warning("Out of memory: continuing with %d tokens per batch.", max_tokens // 2)
    return max_tokens // 2
