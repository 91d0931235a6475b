"""The manifest of a store: a readable file that says whose scores the store holds."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from local_naturalness.store.atomic_files import claim, part_file
from local_naturalness.store.strict_json import made, read_object

_NAME = "manifest.json"
_FORMAT = 1
# Columns that earlier versions did not compute. A store without them can be read. Their values are then null.
ADDED_LATER = frozenset({"repeated_step_share", "high_entropy_sum", "prediction_difficulty"})


@dataclass(frozen=True)
class Manifest:
    """Whose scores a store holds.

    Attributes:
        id: identity of the scorer.
        spec: spec of the scorer, with all of its settings.
        columns: columns that the store keeps.
        max_tokens_per_batch: the argument of the scorer that created the store.
        format: version of the store format.
    """

    id: str
    spec: str
    columns: tuple[str, ...]
    max_tokens_per_batch: int | None = None
    format: int = _FORMAT


def manifest_of(folder: Path, asked: Manifest) -> Manifest:
    """The manifest of a store. A store that has none yet gets the one that is asked for.

    Raises:
        ValueError: the manifest cannot be read.
    """
    path = folder / _NAME
    if not path.exists():
        with part_file(folder) as part:
            part.write_text(json.dumps(asdict(asked), indent=2) + "\n", encoding="utf-8")
            with suppress(FileExistsError):  # another process has just written one, and that one is used
                claim(part, path)
    return _read(path)


def kept_spec(folder: Path) -> str | None:
    """The spec that a store was created with. `None` if there is no store.

    Raises:
        ValueError: the manifest cannot be read.
    """
    path = folder / _NAME
    return _read(path).spec if path.exists() else None


def _read(path: Path) -> Manifest:
    try:
        held = made(Manifest, read_object(path))
        if held.format != _FORMAT:
            raise ValueError(f"format {held.format} instead of {_FORMAT}")
        if held.max_tokens_per_batch is not None and held.max_tokens_per_batch < 1:
            raise ValueError(f"a batch of {held.max_tokens_per_batch} tokens")
        return held
    except ValueError as error:
        raise ValueError(
            f"The manifest {str(path)!r} of the score store is damaged ({error}), so the settings of its "
            "scores are unknown. Restore the file, or remove the folder to score again."
        ) from error
