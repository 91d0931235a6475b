"""Retries for requests to the Hub: which failures are worth another attempt, and how long to wait."""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from json import JSONDecodeError
from typing import TypeVar

from huggingface_hub.errors import FileMetadataError, HfHubHTTPError, LocalEntryNotFoundError
from huggingface_hub.utils import get_session, httpx

logger = logging.getLogger(__name__)

T = TypeVar("T")

MAX_ATTEMPTS = 6
LONGEST_WAIT = 600.0
# Without a byte being sent or received; the client itself would wait forever.
SECONDS_WITHOUT_ANSWER = 120.0

# Something else than the Hub may answer, say a proxy with an HTML page: that is no JSON and has no headers
# of a file, or another length than the Hub announced.
_UNREADABLE = (JSONDecodeError, FileMetadataError)
_FAILURES = (HfHubHTTPError, httpx.TransportError, *_UNREADABLE)
# The client wraps a failed upload in the first, a failed download in the second, and raises the third for
# a file of another length.
_WRAPPERS = (RuntimeError, LocalEntryNotFoundError, OSError)
_WORTH_REPEATING = (408, 409, 412, 425, 429)

_REFUSED = {
    401: "the Hub does not accept your login: run `hf auth login` or pass a valid `token`",
    403: "your token may not write there: use a namespace you own or a token with write permission",
    404: "your token has no access to anything of that name: check the name and the token's permissions",
}

_OTHERWISE = (
    "the Hub rejected what was sent; if it gives no reason, try smaller files or a newer `huggingface_hub`"
)
_MAX_SAID = 300

# Tests replace it, so that a wait costs no time.
sleep = time.sleep


def with_retries(attempt: Callable[[], T], *, task: str) -> T:
    """Call `attempt` until it succeeds, at most `MAX_ATTEMPTS` times.

    Timeouts (408), conflicts (409, 412), rate limits (429, waiting as long as the Hub asks), server errors,
    dropped connections, requests without an answer and answers that do not come from the Hub are worth
    another attempt. `attempt` must be safe to repeat: a reply may be lost after its request took effect.

    Args:
        attempt: Called without arguments.
        task: What is being done, for messages: "Pushing the data to 'me/curated'".

    Raises:
        PermissionError: The Hub refuses, now and later (401, 403, 404).
        ConnectionError: All attempts failed, or the Hub asks to wait more than `LONGEST_WAIT` s.
        ValueError: The Hub refuses what was sent (400, 413, 422 and others).
    """
    for number in range(1, MAX_ATTEMPTS + 1):
        try:
            with _time_limit():
                return attempt()
        except (*_FAILURES, *_WRAPPERS) as error:
            failure = _behind(error)
            if failure is None:
                raise
            status = _status(failure)
            # Wrapped, it is the file store that refuses, say for an upload link that expired.
            if status in _REFUSED and failure is error:
                raise PermissionError(_refusal(task, failure, status)) from error
            if status is not None and status < 500 and status not in (*_WORTH_REPEATING, *_REFUSED):
                raise ValueError(_refusal(task, failure, status)) from error
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


@contextmanager
def _time_limit() -> Iterator[None]:
    """Give every request a time limit, unless it has one of its own.

    The client has no limit, and `HfApi` passes "none" along with many a request: only the request itself
    tells what holds for it.
    """
    client = get_session()
    before = client.event_hooks
    client.event_hooks = {**before, "request": [*before.get("request", []), _limit]}
    try:
        yield
    finally:
        client.event_hooks = before


def _limit(request: httpx.Request) -> None:
    given = request.extensions.get("timeout", {})
    limits = {
        part: SECONDS_WITHOUT_ANSWER if given.get(part) is None else given[part]
        for part in ("connect", "read", "write", "pool")
    }
    request.extensions = {**request.extensions, "timeout": limits}


def _behind(error: BaseException) -> Exception | None:
    """The failure of the Hub that an error is or was caused by; `None` where it is something else."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, _FAILURES):
            return cause
        if isinstance(cause, OSError) and str(cause).startswith("Consistency check failed"):
            return cause
        cause = cause.__cause__ or cause.__context__
    return None


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
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
        if until.tzinfo is None:  # "-0000", or none at all: HTTP dates are of Greenwich
            until = until.replace(tzinfo=UTC)
        return max(0.0, (until - datetime.now(UTC)).total_seconds())
    reset = re.search(r"\bt=(\d+)", headers.get("RateLimit", ""))
    return float(reset[1]) if reset else None


def _describe(failure: Exception) -> str:
    if (status := _status(failure)) is not None:
        return f"status {status}"
    if isinstance(failure, httpx.TimeoutException):
        return f"no answer for {SECONDS_WITHOUT_ANSWER:.0f} s"
    if isinstance(failure, httpx.TransportError):
        return f"connection lost, {type(failure).__name__}"
    return "an answer that does not come from the Hub; a proxy may have sent it"


def _refusal(task: str, failure: Exception, status: int) -> str:
    said = " ".join(str(getattr(failure, "server_message", None) or "").split())
    detail = f"{status}, {said[:_MAX_SAID]}" if said else str(status)
    return f"{task} was refused ({detail}): {_REFUSED.get(status, _OTHERWISE)}."


def _given_up(task: str, failure: Exception, number: int, wait: float) -> str:
    asked = f" and the Hub asks to wait {wait:.0f} s" if wait > LONGEST_WAIT else ""
    return (
        f"{task} failed {number} times, the last time with {_describe(failure)}{asked}. "
        "Push the same selection again later: what has arrived is not uploaded twice."
    )
