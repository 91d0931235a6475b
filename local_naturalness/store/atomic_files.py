"""Atomic files: a file is complete or absent, even if the process that writes it is killed."""

import os
import re
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PART = re.compile(r"\.[0-9a-f]{32}\.part")
# No file takes this long to write. An older temporary file was left by a process that was killed.
_ABANDONED_AFTER_SECONDS = 24 * 3600


@contextmanager
def part_file(folder: Path) -> Iterator[Path]:
    """A temporary file name in a folder, for `claim` or `settle`. Removed at the end if it still exists."""
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def remove_abandoned_parts(folder: Path) -> None:
    """Remove temporary files of killed processes. Files that may still be in use, or are not ours, stay."""
    for path in folder.iterdir():
        if is_part(path) and is_abandoned(path):
            path.unlink(missing_ok=True)  # its owner may have just removed it


def is_part(path: Path) -> bool:
    """Whether a file has a name that `part_file` makes."""
    return _PART.fullmatch(path.name) is not None


def is_regular(path: Path) -> bool:
    """Whether a path exists and is a regular file: no link, folder or device."""
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def is_abandoned(path: Path) -> bool:
    """Whether a regular file is so old that no process can still be writing it."""
    with suppress(OSError):
        return is_regular(path) and time.time() - path.lstat().st_mtime > _ABANDONED_AFTER_SECONDS
    return False


def settle(part: Path, target: Path) -> None:
    """Rename a finished file to its final name. An existing file of that name is replaced."""
    _flush(part)
    os.replace(part, target)
    _flush(target.parent)


def claim(part: Path, target: Path) -> None:
    """Rename a finished file to its final name, unless that exists. If several processes try, one succeeds.

    Raises:
        FileExistsError: the name exists already.
    """
    _flush(part)
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        # The file system has no hard links. Checking and renaming are then two separate operations.
        if target.exists():
            raise FileExistsError(target) from None
        os.replace(part, target)
    _flush(target.parent)


def write_whole(target: Path, content: bytes) -> None:
    """Write a file that a user has named. If this fails, an existing file stays as it was.

    Devices and pipes, such as `/dev/stdout`, are not replaced, but written to. So is the file that a link
    leads to.

    Raises:
        OSError: the file cannot be written.
    """
    is_other_kind = target.exists() and not target.is_file()
    if is_other_kind or target.absolute().parts[1:2] in (("dev",), ("proc",)):
        target.write_bytes(content)
        return
    real = Path(os.path.realpath(target))
    try:
        with part_file(real.parent) as part:
            part.write_bytes(content)
            settle(part, real)
    except OSError as error:
        # It would name the temporary file, or none.
        raise OSError(error.errno, error.strerror, str(target)) from error


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
