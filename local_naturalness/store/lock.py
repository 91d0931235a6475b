"""A lock that one process can hold. The operating system releases it when that process ends."""

import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment] # a module elsewhere

logger = logging.getLogger(__name__)

_LONGEST_ID = 20
# A link could make the lock overwrite the file of somebody else. Windows has no such flag.
_NEVER_THROUGH_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)


@contextmanager
def locked(path: Path, what: str) -> Iterator[bool]:
    """Hold a lock. The lock file contains the process id of the holder.

    The lock belongs to the process, not to the open file. So worker processes that outlive a killed parent do
    not keep it. The file is not removed at the end. It locks nothing unless a living process holds the lock.

    Args:
        path: path of the lock file.
        what: what the lock protects, for the error message.

    Yields:
        Whether the lock is held. `False` on file systems without locks, where other processes cannot be kept
        out.

    Raises:
        ValueError: another process holds the lock, or the file is not a lock file.
    """
    descriptor = _opened(path)
    try:
        is_held = _take(descriptor, what)
        os.truncate(descriptor, 0)
        os.lseek(descriptor, 0, os.SEEK_SET)
        os.write(descriptor, str(os.getpid()).encode())
        yield is_held
    finally:
        os.close(descriptor)


def _opened(path: Path) -> int:
    """Open the lock file, or create it. It will be overwritten, so another kind of file is refused."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NEVER_THROUGH_LINKS, 0o666)
    except OSError as error:
        if path.is_symlink() or path.is_dir():
            raise _no_lock_file(path) from error
        raise
    state = os.fstat(descriptor)
    is_lock_file = (
        stat.S_ISREG(state.st_mode)
        and state.st_nlink == 1
        and state.st_size <= _LONGEST_ID
        and not _content(descriptor).strip(b"0123456789")
    )
    if not is_lock_file:
        os.close(descriptor)
        raise _no_lock_file(path)
    return descriptor


def _content(descriptor: int) -> bytes:
    os.lseek(descriptor, 0, os.SEEK_SET)
    return os.read(descriptor, _LONGEST_ID)


def _no_lock_file(path: Path) -> ValueError:
    return ValueError(
        f"{str(path)!r} has the name of a lock file but is something else: a link, a folder, or a file "
        "that holds more than a process id. It was left unchanged. Remove it, or name another folder."
    )


def _take(descriptor: int, what: str) -> bool:
    if fcntl is None:
        return False
    try:
        fcntl.lockf(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError) as error:
        holder = _content(descriptor).decode(errors="replace") or "unknown"
        raise ValueError(
            f"{what} is in use by another process (id {holder}): wait for it or stop it, or name another "
            "folder."
        ) from error
    except OSError as error:
        logger.warning(
            "%s cannot be locked on this file system (%s): make sure that the same run is not started twice.",
            what,
            error,
        )
        return False
    return True
