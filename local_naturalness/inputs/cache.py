"""The cache of `datasets` for files that were read, under names that depend on the content of the files.

`datasets` takes the names of files for patterns, and knows a file by its path and modification time. It is
therefore given a link of a plain name, in a folder of the cache whose name tells which file this is, in which
state.
"""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import datasets
import xxhash

_FOLDER = "local_naturalness"


def linked(files: Sequence[Path], suffix: str) -> tuple[list[str], str]:
    """Links of plain names to files, and a folder for what is made of them.

    Args:
        files: to be read.
        suffix: of the links, such as ".parquet".

    Returns:
        Paths of the links, and of the folder. Both are others when a file has been changed or replaced.
    """
    folder = folder_of(files)
    links = [folder / "files" / f"{number:05d}{suffix}" for number in range(len(files))]
    for link, file in zip(links, files, strict=True):
        _link(link, file)
    return list(map(str, links)), str(folder)


def clean_name(folder: Path) -> Path:
    """A path of a folder that nobody takes for a chain of file systems, as `::` in its name would be."""
    if "::" not in str(folder.resolve()):
        return folder
    link = folder_of([folder]) / "folder"
    _link(link, folder)
    return link


def folder_of(files: Sequence[Path]) -> Path:
    """A folder for what is made of files in their present state."""
    state = xxhash.xxh3_128()
    for file in files:
        real = file.resolve()
        found = real.stat()
        # The time of change is not the writer's to set, other than that of modification.
        numbers = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
        state.update(repr((str(real), numbers)).encode(errors="surrogateescape"))
    return Path(datasets.config.HF_DATASETS_CACHE) / _FOLDER / state.hexdigest()


def _link(link: Path, target: Path) -> None:
    link.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):  # an earlier run, or another process: it points to the same file
        os.symlink(target.resolve(), link)
