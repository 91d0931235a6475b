"""Refusal of other settings in a table: columns with other or unknown settings are never overwritten.

Nor are the keys beside scores of another prompt or response: those scores would seem to be of the new one.

Stores and parts are checked in `store/other_settings.py`.
"""

from collections.abc import Mapping, Sequence

from local_naturalness.counted import counted
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.scorers.written_columns import KEYS, WrittenColumns
from local_naturalness.spec import may_be_compared, read_spec, same_code, spec_difference

# Settings that decide which tokens of a response are counted.
_SHAPE_TOKENS = ("student", "prompt_template", "chat_template_kwargs")


def refuse_other_settings(written: WrittenColumns, rows: Rows, spec: str) -> None:
    """Check that existing columns of the same names have the same settings and were counted alike.

    Raises:
        ValueError: columns of these names hold other scores.
    """
    _refuse_unexplained(written, rows)
    ours = read_spec(spec)
    own, siblings = (_specs_in(written, rows, name) for name in (written.criterion, written.sibling))
    others = {other for other in own if not may_be_compared(other, spec)}
    others |= {
        other
        for other in siblings
        if not _counted_alike(read_spec(other), ours) or not same_code(other, spec)
    }
    if others:
        other = min(others)
        raise ValueError(
            f"The columns to write already hold values that were computed with other settings: {other}. "
            f"The new values would have: {spec}. They differ in {spec_difference(other, spec)}. Pass "
            "`suffix=` to write new columns beside them, or remove the old columns."
        )


def refuse_other_texts(written: WrittenColumns, rows: Rows, keys: Mapping[str, Sequence[str | None]]) -> None:
    """Check that the other scorer, whose columns stay, has scored the same prompts and responses.

    Args:
        written: the columns to write.
        rows: the rows.
        keys: the columns of `KEYS` for the rows as they are now.

    Raises:
        ValueError: rows were changed since, or another column was scored.
    """
    if written.spec_column(written.sibling) not in rows:
        return
    for name, now in keys.items():
        known = rows.column(name + written.suffix) if name + written.suffix in rows else []
        changed = sum(None not in pair and pair[0] != pair[1] for pair in zip(known, now, strict=False))
        if changed:
            what = name.removesuffix("_key")
            raise ValueError(
                f"The column {written.sibling + written.suffix!r} holds scores of another {what} in "
                f"{counted(changed, 'row')}, as {name + written.suffix!r} shows. The {what} was changed, or "
                "it is in another column: pass `suffix=` to write new columns beside the old ones, or remove "
                "the old columns."
            )


def _refuse_unexplained(written: WrittenColumns, rows: Rows) -> None:
    """Refuse columns of these names that have no spec."""
    own = written.spec_column(written.criterion)
    if own in rows:
        return
    explained = (*written.shared, *KEYS) if written.spec_column(written.sibling) in rows else ()
    for name in (*written.types, *KEYS):
        if name + written.suffix in rows and name not in explained:
            raise ValueError(
                f"{written.scorer} writes a column {name + written.suffix!r}, and there is one already "
                f"without the column {own!r} that would show its settings. Pass `suffix=` to write to other "
                "columns, or rename or remove it."
            )


def _specs_in(written: WrittenColumns, rows: Rows, criterion: str) -> set[str]:
    column = written.spec_column(criterion)
    return set(rows.column(column)) - {None} if column in rows else set()


def _counted_alike(counted: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether another scorer counted steps and tokens in the same way.

    The spec of a scorer that writes no `num_steps` contains no splitter.
    """
    same_tokens = all(counted.get(key) == ours.get(key) for key in _SHAPE_TOKENS)
    splitters = {spec["splitter"] for spec in (counted, ours) if "splitter" in spec}
    return same_tokens and len(splitters) < 2
