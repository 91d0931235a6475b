"""One process at a time: a lock that the operating system gives up with the process that holds it."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

logger = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, what: str) -> Iterator[None]:
    """Hold a lock file, which tells the process id of its holder.

    A lock of the process itself, not of the open file: worker processes that outlive a killed parent must
    not keep it. The file stays behind; a dead process holds no lock whatever the file says.

    Args:
        path: of the lock file.
        what: is in use by another process, for the error message.

    Raises:
        ValueError: another process holds the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        _take(descriptor, what)
        os.truncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, what: str) -> None:
    if fcntl is None:
        return
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        holder = os.read(descriptor, 20).decode(errors="replace") or "unknown"
        raise ValueError(
            f"{what} is in use by another process (id {holder}): wait for it or stop it, or name another "
            "folder."
        ) from error
    except OSError as error:
        logger.warning("%s cannot be locked on this file system (%s).", what, error)
