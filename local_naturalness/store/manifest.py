"""What a store holds, in a file that people can read."""

import json
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from local_naturalness.spec import spec_difference
from local_naturalness.store.fields import made, read_object
from local_naturalness.store.files import claim, part_file

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
        begun = "without" if missing & _OF_STEPS else "with" if other & _OF_STEPS else None
        steps = "" if begun is None else f" It was begun {begun} `return_steps=True`."
        raise ValueError(
            f"The score store {str(folder)!r} holds scores with other settings: {held.spec}. Asked for were: "
            f"{asked.spec}. They differ in {spec_difference(held.spec, asked.spec)}.{steps} Name another "
            "folder, or the settings of the one that is there."
        )
    if missing or other:
        raise ValueError(f"The score store {str(folder)!r} {_of_other_columns(held, asked, missing, other)}")
    return held


def _of_other_columns(held: Manifest, asked: Manifest, missing: set[str], other: set[str]) -> str:
    """What is wrong with a store that lacks columns, or has others; what follows its name."""
    again = "name another folder, where all rows are scored again"
    if missing and missing <= _OF_STEPS and not other:
        return f"was begun without `return_steps=True`, so it keeps no steps. Leave that out, or {again}."
    if other and other <= _OF_STEPS and not missing:
        return f"was begun with `return_steps=True`, so it keeps steps. Pass that here too, or {again}."
    return (
        f"keeps the columns {', '.join(held.columns)}. Asked for were {', '.join(asked.columns)}. Name "
        "another folder, or ask for the same columns."
    )


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
            f"The manifest {str(path)!r} of the score store is damaged ({error}), so nobody can tell whose "
            "scores these are. Restore the file, or remove the folder to score anew."
        ) from error
