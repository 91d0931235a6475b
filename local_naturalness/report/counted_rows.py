"""The rows that a page counts: those that pass `where`, as given or as recorded by the selection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from datasets import Dataset

from local_naturalness.hub.redaction import public_text
from local_naturalness.tables import Columns, Where, eligible_rows, rows_where
from local_naturalness.tables.where import name_of_where


@dataclass(frozen=True)
class CountedRows:
    """Flags of shape [rows].

    Args:
        passes: The rows that count; `None` for all.
        of_selection: The rows that passed the selection's `where`; `None` if that is not known.
        note: A note for the reader; empty if there is none.
    """

    passes: np.ndarray | None
    of_selection: np.ndarray | None
    note: str

    @classmethod
    def of(
        cls, dataset: Dataset, columns: Columns, record: Mapping[str, Any], where: Where | None
    ) -> "CountedRows":
        """Find them.

        Args:
            dataset: All rows.
            columns: Its columns.
            record: The record of the selection and of those before it.
            where: As it was given; `None` for that of the selection.

        Raises:
            ValueError: `where` cannot be evaluated.
            TypeError: It does not give bools.
        """
        noted = list(_noted(record))
        of_selection = _evaluated(columns, noted)
        told = " and ".join(f"`{public_text(one)}`" for one in noted)
        if where is not None:
            passes = eligible_rows(dataset, columns, where)
            is_other = bool(noted) and noted != [name_of_where(where)]
            note = (
                f"The selection was made with another `where`: {told}. This page counts the rows that pass "
                "its own `where`."
            )
            is_same = not record or (bool(noted) and not is_other)
            return cls(passes, passes if is_same else of_selection, note if is_other else "")
        if not noted:
            return cls(None, None, "")
        if of_selection is None or not of_selection.any():
            why = "cannot be evaluated here" if of_selection is None else "no row of this table passes"
            return cls(
                None,
                of_selection,
                f"The selection had a `where` that {why}: {told}. This page counts all rows, including "
                "those that the selection could not choose. To count only some rows, pass `where=...` "
                "(`--where`).",
            )
        return cls(
            of_selection,
            of_selection,
            f"This page counts the rows that pass the selection's `where`: {told}.",
        )


def _noted(record: Mapping[str, Any]) -> Iterator[str]:
    """The `where` of the selection and of those before it."""
    while record:
        where = record.get("where")
        if isinstance(where, str):
            yield where
        record = record.get("previous") or {}


def _evaluated(columns: Columns, noted: list[str]) -> np.ndarray | None:
    """The rows that pass all of them; `None` if there are none, or if one is the name of a function."""
    try:
        flags = [rows_where(columns, where) for where in noted]
    except (TypeError, ValueError):
        return None
    return np.logical_and.reduce(flags) if flags else None
