"""Temporary folders of runs, and the removal of those that killed runs left behind."""

import os
import platform
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import xxhash

from local_naturalness.store.atomic_files import is_abandoned, is_part, is_regular

# Files of a run. `datasets` writes to a temporary name first, and numbers the files of workers.
_OWN_FILES = re.compile(r"progress|rows(_\d{5}_of_\d{5})?\.arrow|tmp\w{8}|\d+-of-\d+\.(parquet|json)")


@contextmanager
def workplace(folder: Path, name: str, is_locked: bool) -> Iterator[Path]:
    """Provide an empty folder during a run, and remove folders that earlier runs of that name left.

    Folders of runs that may still be alive are kept. Without a lock, and for runs on other machines (whose
    locks may not be visible here), these are all folders whose files changed within the last day.

    Args:
        folder: parent folder.
        name: name of the run.
        is_locked: whether a lock ensures that no other process of this machine runs under that name.
    """
    mine = f"{name}.{_machine()}"
    for path in folder.glob(f"{name}.*.tmp"):
        if re.fullmatch(rf"{re.escape(name)}\.\w{{8,32}}\.tmp", path.name) and not path.is_symlink():
            _remove(path, whatever_age=is_locked and path.name.startswith(mine))
    place = folder / f"{mine}{uuid.uuid4().hex[:24]}.tmp"
    place.mkdir()
    try:
        yield place
    finally:
        _remove(place, whatever_age=True)


def _remove(place: Path, whatever_age: bool) -> None:
    """Remove a folder and the files that a run makes. Any other file, and then the folder, stays."""
    with suppress(OSError):
        files = [path for path in place.iterdir() if _is_own(path)]
        if whatever_age or (files and all(map(is_abandoned, files))):
            for path in files:
                path.unlink(missing_ok=True)
            os.rmdir(place)


def _is_own(path: Path) -> bool:
    return is_regular(path) and (is_part(path) or _OWN_FILES.fullmatch(path.name) is not None)


def _machine() -> str:
    return xxhash.xxh32_hexdigest(platform.node().encode())
