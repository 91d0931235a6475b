"""Refusal of other settings on disk.

A store keeps the scores of one scorer only, and parts of runs with different settings are not joined. Columns
of a table are checked in `scorers/columns_of_other_settings.py`.
"""

from collections.abc import Sequence
from pathlib import Path

from local_naturalness.spec import read_spec, same_code, spec_difference
from local_naturalness.store.manifest import ADDED_LATER, Manifest
from local_naturalness.store.part import AGAIN, Part

# Columns that exist only with `return_steps=True`.
_OF_STEPS = frozenset({"step_scores", "step_spans", "global_step_scores", "step_tokens"})


def refuse_other_settings(folder: Path, held: Manifest, asked: Manifest) -> None:
    """Check that a store holds scores with the settings and the columns of this run.

    Args:
        folder: of the store.
        held: what the store holds.
        asked: what this run would write.

    Raises:
        ValueError: the scores have other settings or other columns.
    """
    missing = set(asked.columns) - set(held.columns) - ADDED_LATER
    other = set(held.columns) - set(asked.columns)
    if held.id != asked.id or not same_code(held.spec, asked.spec):
        created = "without" if missing & _OF_STEPS else "with" if other & _OF_STEPS else None
        steps = "" if created is None else f" It was created {created} `return_steps=True`."
        raise ValueError(
            f"The score store {str(folder)!r} holds scores with other settings: {held.spec}. The settings of "
            f"this run are: {asked.spec}. They differ in {spec_difference(held.spec, asked.spec)}.{steps} "
            "Choose another folder, or use the settings of the store."
        )
    if missing or other:
        raise ValueError(f"The score store {str(folder)!r} {_of_other_columns(held, asked, missing, other)}")


def refuse_other_settings_in_parts(parts: Sequence[Part]) -> None:
    """Check that all parts were scored with the same settings, from tables of the same length, split alike.

    Raises:
        ValueError: two parts differ. The message names them.
    """
    first = parts[0]
    for part in parts[1:]:
        same_id = read_spec(part.spec).get("id") == read_spec(first.spec).get("id")
        if not same_id or not same_code(part.spec, first.spec):
            raise ValueError(
                f"The parts were scored with different settings: {first.name} with {first.spec}, "
                f"{part.name} with {part.spec}. Score one of them again with the settings of the other."
            )
        for what in ("num_shards", "total_rows"):
            values = getattr(first, what), getattr(part, what)
            if values[0] != values[1]:
                raise ValueError(
                    f"The parts are not of one run: {first.name} has {what}={values[0]}, {part.name} has "
                    f"{what}={values[1]}. Remove the parts that belong to another run."
                )
        if part.is_interleaved != first.is_interleaved:
            ranges = part if first.is_interleaved else first
            raise ValueError(
                f"The parts were split in two ways: {ranges.name} holds a range of rows, the others hold "
                f"interleaved blocks. Score {ranges.name} again, {AGAIN}."
            )
    noted = [part for part in parts if part.input is not None]
    for part in noted[1:]:
        for what, option in (("shard_rows", "--shard-rows"), ("columns", "columns to read")):
            values = getattr(noted[0], what), getattr(part, what)
            if values[0] != values[1]:
                raise ValueError(
                    f"The parts were scored with different {option}: {noted[0].name} with "
                    f"{_shown(values[0])}, {part.name} with {_shown(values[1])}. Score one of them again "
                    "like the other."
                )


def _of_other_columns(held: Manifest, asked: Manifest, missing: set[str], other: set[str]) -> str:
    """The message for a store with missing or other columns, without the name of the store."""
    again = "choose another folder, where all rows are scored again"
    if missing and missing <= _OF_STEPS and not other:
        return f"was created without `return_steps=True`, so it keeps no steps. Leave that out, or {again}."
    if other and other <= _OF_STEPS and not missing:
        return f"was created with `return_steps=True`, so it keeps steps. Pass that here too, or {again}."
    return (
        f"keeps the columns {', '.join(held.columns)}. This run computes the columns "
        f"{', '.join(asked.columns)}. Choose another folder, or compute the same columns."
    )


def _shown(value: object) -> str:
    return ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else str(value)
