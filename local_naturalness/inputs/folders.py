"""Which files of a folder belong to which split, by the rules of `datasets`."""

import logging
import tempfile
from pathlib import Path

from datasets.data_files import DataFilesDict, get_data_patterns

from local_naturalness.inputs.files import is_data_file

logger = logging.getLogger(__name__)


def files_by_split(folder: Path) -> dict[str, list[Path]]:
    """The data files of a folder and of folders in it; hidden ones are passed over.

    Raises:
        ValueError: there are none.
    """
    names = sorted(name for name in _names(folder) if is_data_file(name))
    if tables := [name for name in names if name.suffix == ".parquet"]:
        names = tables  # beside a table there may be notes and settings in JSON
    if not names:
        raise ValueError(
            f"The folder {str(folder)!r} holds no table (.parquet, .jsonl, .json, .csv, .tsv) and no saved "
            "dataset."
        )
    # Rules look at names only; those of the folders above must not be taken for patterns.
    with tempfile.TemporaryDirectory() as place:
        for name in names:
            (Path(place) / name).parent.mkdir(parents=True, exist_ok=True)
            (Path(place) / name).touch()
        found = DataFilesDict.from_patterns(get_data_patterns(place), base_path=place)
        real = Path(place).resolve()
        splits = {
            str(split): [folder / Path(file).resolve().relative_to(real) for file in files]
            for split, files in found.items()
        }
    kept = {file for files in splits.values() for file in files}
    if left := [str(name) for name in names if folder / name not in kept]:
        logger.warning("Passed over, since their names tell no split: %s.", ", ".join(left[:5]))
    return splits


def _names(folder: Path) -> list[Path]:
    """Files relative to the folder, without hidden ones and those of hidden or special folders."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if not any(part.startswith((".", "__")) for part in name.parts)]
