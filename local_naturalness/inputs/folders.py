"""Which files of a folder belong to which split, by the rules of `datasets`."""

import logging
import tempfile
from pathlib import Path

from datasets.data_files import DataFilesDict, get_data_patterns
from huggingface_hub import DatasetCard

from local_naturalness.inputs.files import is_data_file
from local_naturalness.listed import listed

logger = logging.getLogger(__name__)

# Store and notes of a scored folder, beside its table.
OWN_FOLDER = ".local_naturalness"


def files_by_split(folder: Path) -> dict[str, list[Path]]:
    """The data files of a folder and its subfolders. Hidden ones are ignored.

    Raises:
        ValueError: there are none, or files of several tables.
    """
    _refuse_several_tables(folder)
    names = sorted(name for name in _names(folder) if is_data_file(name))
    if tables := [name for name in names if name.suffix == ".parquet"]:
        # Beside a table there may be notes and settings in JSON, which are no loss.
        if left := [str(name) for name in names if name not in tables and name.suffix != ".json"]:
            logger.warning("Ignored, because the folder holds Parquet files: %s.", listed(left, at_most=5))
        names = tables
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
        logger.warning(
            "Ignored, because their names do not say which split they belong to: %s.", listed(left, at_most=5)
        )
    return splits


def _refuse_several_tables(folder: Path) -> None:
    """A clone of a repository from the Hub may hold several tables, which its card names."""
    card = folder / "README.md"
    if not card.is_file():
        return
    told = DatasetCard.load(card).data.to_dict().get("configs")
    names = [str(one["config_name"]) for one in told or () if isinstance(one, dict) and "config_name" in one]
    if len(names) > 1:
        raise ValueError(
            f"The card of {str(folder)!r} names several tables ({', '.join(names)}): name the folder or the "
            "file of one of them."
        )


def hidden_tables(folder: Path) -> list[str]:
    """Data files that are ignored because their name, or that of a folder, begins with a dot.

    Copies made by other systems leave such files beside the real ones (`._a.parquet`). Hidden folders of this
    library are not counted.
    """
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return [
        str(name)
        for name in sorted(names)
        if _is_hidden(name) and is_data_file(name) and name.parts[0] != OWN_FOLDER
    ]


def num_files(folder: Path) -> int:
    """Number of data files in a folder and its subfolders, without hidden ones."""
    return sum(map(is_data_file, _names(folder))) if folder.is_dir() else 0


def _names(folder: Path) -> list[Path]:
    """Files relative to the folder, without hidden ones and those of hidden or special folders."""
    names = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    return [name for name in names if not _is_hidden(name)]


def _is_hidden(name: Path) -> bool:
    return any(part.startswith((".", "__")) for part in name.parts)
