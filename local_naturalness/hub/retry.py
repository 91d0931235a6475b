"""Which failures of the Hub are worth another attempt, and how long to wait before it."""

import logging
import random
import re
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeVar

from huggingface_hub.errors import HfHubHTTPError, LocalEntryNotFoundError
from huggingface_hub.utils import httpx

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_ATTEMPTS = 6
LONGEST_WAIT = 600.0

_FAILURES = (HfHubHTTPError, httpx.TransportError)
# The client wraps a failed upload in the first and a failed download in the second.
_WRAPPERS = (RuntimeError, LocalEntryNotFoundError)

_REFUSED = {
    401: "the Hub does not accept your login: run `hf auth login` or pass a valid `token`",
    403: "your token may not write there: use a namespace you own or a token with write permission",
    404: "your token sees nothing by that name: check the name and the token's permissions",
}

# Tests replace it, so that a wait costs no time.
sleep = time.sleep


def with_retries(attempt: Callable[[], T], *, task: str) -> T:
    """Call `attempt` until it succeeds, at most `MAX_ATTEMPTS` times.

    Conflicts (409, 412), rate limits (429, waiting as long as the Hub asks), server errors and
    dropped connections are worth another attempt. `attempt` must be safe to repeat: a reply may be
    lost after its request took effect.

    Args:
        attempt: Called without arguments.
        task: What is being done, for messages: "Pushing the data to 'me/curated'".

    Raises:
        PermissionError: The Hub refuses, now and later (401, 403, 404).
        ConnectionError: All attempts failed, or the Hub asks to wait more than `LONGEST_WAIT` s.
        HfHubHTTPError: Another answer that a repetition would not change.
    """
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            return attempt()
        except (*_FAILURES, *_WRAPPERS) as error:
            failure = _behind(error)
            if failure is None:
                raise
            status = _status(failure)
            # Wrapped, it is the file store that refuses, say for an upload link that expired.
            if status in _REFUSED and failure is error:
                raise PermissionError(_refusal(task, failure, status)) from error
            if status is not None and status not in (409, 412, 429) and status < 500:
                raise
            wait = _wait(failure, number)
            if number == MAX_ATTEMPTS or wait > LONGEST_WAIT:
                raise ConnectionError(_given_up(task, failure, number, wait)) from error
            logger.warning(
                "%s failed (%s); attempt %d of %d follows in %.0f s.",
                task,
                _describe(failure),
                number + 1,
                MAX_ATTEMPTS,
                wait,
            )
            sleep(wait)
    raise AssertionError("the last attempt returns or raises")


def _behind(error: BaseException | None) -> Exception | None:
    while error is not None and not isinstance(error, _FAILURES):
        error = error.__cause__
    return error


def _status(failure: Exception) -> int | None:
    return failure.response.status_code if isinstance(failure, HfHubHTTPError) else None


def _wait(failure: Exception, number: int) -> float:
    headers = failure.response.headers if isinstance(failure, HfHubHTTPError) else {}
    asked = _asked_wait(headers) if _status(failure) in (429, 503) else None
    # Jitter parts two processes that push to one repository at the same time.
    return asked if asked is not None else 2.0 ** (number - 1) * random.uniform(0.75, 1.5)


def _asked_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds that an answer asks to wait, in `Retry-After` (number or date) or `RateLimit`."""
    value = headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return float(value)
    if value:
        try:
            until = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    reset = re.search(r"\bt=(\d+)", headers.get("RateLimit", ""))
    return float(reset[1]) if reset else None


def _describe(failure: Exception) -> str:
    status = _status(failure)
    return f"connection lost, {type(failure).__name__}" if status is None else f"status {status}"


def _refusal(task: str, failure: Exception, status: int) -> str:
    said = getattr(failure, "server_message", None)
    detail = f"{status}, {said}" if said else str(status)
    return f"{task} was refused ({detail}): {_REFUSED[status]}."


def _given_up(task: str, failure: Exception, number: int, wait: float) -> str:
    asked = f" and the Hub asks to wait {wait:.0f} s" if wait > LONGEST_WAIT else ""
    return (
        f"{task} failed {number} times, the last time with {_describe(failure)}{asked}. "
        "Push the same selection again later: what has arrived is not uploaded twice."
    )
