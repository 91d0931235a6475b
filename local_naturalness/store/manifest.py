"""What a store holds, in a file that people can read."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from local_naturalness.spec import spec_difference
from local_naturalness.store.atomic_files import claim, part_file
from local_naturalness.store.strict_json import made, read_object

_NAME = "manifest.json"
_FORMAT = 1
# Columns that earlier versions did not compute: a store that lacks them is read, with nulls in their place.
ADDED_LATER = frozenset({"repeated_step_share", "high_entropy_sum", "prediction_difficulty"})
# Columns that are there when steps are asked for.
_OF_STEPS = frozenset({"step_scores", "step_spans", "global_step_scores", "step_tokens"})


@dataclass(frozen=True)
class Manifest:
    """Identity of the scorer, its settings in words, the columns kept, tokens of a batch as asked for."""

    id: str
    spec: str
    columns: tuple[str, ...]
    max_tokens_per_batch: int | None = None
    format: int = _FORMAT


def agree(folder: Path, asked: Manifest) -> Manifest:
    """The manifest of a store, which is written if there is none yet.

    Raises:
        ValueError: the manifest cannot be read, or the store holds scores of other settings.
    """
    path = folder / _NAME
    if not path.exists():
        with part_file(folder) as part:
            part.write_text(json.dumps(asdict(asked), indent=2) + "\n", encoding="utf-8")
            with suppress(FileExistsError):  # another process was faster: its manifest counts
                claim(part, path)
    held = _read(path)
    missing = set(asked.columns) - set(held.columns) - ADDED_LATER
    other = set(held.columns) - set(asked.columns)
    if held.id != asked.id:
        created = "without" if missing & _OF_STEPS else "with" if other & _OF_STEPS else None
        steps = "" if created is None else f" It was created {created} `return_steps=True`."
        raise ValueError(
            f"The score store {str(folder)!r} holds scores with other settings: {held.spec}. The settings of "
            f"this run are: {asked.spec}. They differ in {spec_difference(held.spec, asked.spec)}.{steps} "
            "Choose another folder, or use the settings of the store."
        )
    if missing or other:
        raise ValueError(f"The score store {str(folder)!r} {_of_other_columns(held, asked, missing, other)}")
    return held


def _of_other_columns(held: Manifest, asked: Manifest, missing: set[str], other: set[str]) -> str:
    """What is wrong with a store that lacks columns, or has others; what follows its name."""
    again = "choose another folder, where all rows are scored again"
    if missing and missing <= _OF_STEPS and not other:
        return f"was created without `return_steps=True`, so it keeps no steps. Leave that out, or {again}."
    if other and other <= _OF_STEPS and not missing:
        return f"was created with `return_steps=True`, so it keeps steps. Pass that here too, or {again}."
    return (
        f"keeps the columns {', '.join(held.columns)}. This run computes the columns "
        f"{', '.join(asked.columns)}. Choose another folder, or compute the same columns."
    )


def kept_spec(folder: Path) -> str | None:
    """The spec that a store was begun with; `None` if there is no store.

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
