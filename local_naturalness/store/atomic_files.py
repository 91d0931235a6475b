"""Atomic files: whole or absent, whatever happens to the process that writes them."""

import os
import re
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PART = re.compile(r"\.[0-9a-f]{32}\.part")
# Nothing here takes that long to write: what is older was left by a process that was killed.
_ABANDONED_AFTER_SECONDS = 24 * 3600


@contextmanager
def part_file(folder: Path) -> Iterator[Path]:
    """A temporary name in a folder, for `claim` or `settle`; removed if it is still there at the end."""
    part = folder / f".{uuid.uuid4().hex}.part"
    try:
        yield part
    finally:
        part.unlink(missing_ok=True)


def remove_abandoned_parts(folder: Path) -> None:
    """Remove what killed processes were writing, but nothing that may still be written, or is not ours."""
    for path in folder.iterdir():
        if is_part(path) and is_abandoned(path):
            path.unlink(missing_ok=True)  # its owner may have been faster


def is_part(path: Path) -> bool:
    """Whether a name is one that `part_file` gives."""
    return _PART.fullmatch(path.name) is not None


def is_regular(path: Path) -> bool:
    """Whether a file is there that is neither a link nor a folder nor a device."""
    with suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def is_abandoned(path: Path) -> bool:
    """Whether a file is so old that nobody can be writing it; links and folders never are."""
    with suppress(OSError):
        return is_regular(path) and time.time() - path.lstat().st_mtime > _ABANDONED_AFTER_SECONDS
    return False


def settle(part: Path, target: Path) -> None:
    """Give a finished file its name, replacing any file of that name."""
    _flush(part)
    os.replace(part, target)
    _flush(target.parent)


def claim(part: Path, target: Path) -> None:
    """Give a finished file its name, unless the name is taken. Of several processes one succeeds.

    Raises:
        FileExistsError: the name is taken.
    """
    _flush(part)
    try:
        os.link(part, target)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links: looking and renaming are two operations there.
        if target.exists():
            raise FileExistsError(target) from None
        os.replace(part, target)
    _flush(target.parent)


def _flush(path: Path) -> None:
    """Wait until a file's content, or a folder's names, are on the disk."""
    if path.is_dir() and os.name == "nt":
        return  # Windows cannot open folders
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
