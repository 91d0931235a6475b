"""The columns that a scorer writes: their names and types, and what must not be overwritten."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from local_naturalness.encoding.prompt_key import PROMPT_KEY
from local_naturalness.encoding.rows import Rows
from local_naturalness.spec import read_spec, spec_difference

logger = logging.getLogger(__name__)

# Statuses of rows that have a score.
SCORED = frozenset({"ok", "context_trimmed", "step_in_pieces"})

# A row's columns without their suffix; a column left out is null, a count is 0.
Scores = dict[str, Any]

# Columns that both scorers write, and their values where neither has scored a row.
_SHARED: dict[str, int | None] = {"num_steps": 0, "num_tokens": 0, "repeated_step_share": None}

# Settings that decide where a response's tokens begin.
_SHAPE_TOKENS = ("student", "prompt_template", "chat_template_kwargs")


@dataclass(frozen=True)
class WrittenColumns:
    """What a scorer adds to a dataset.

    Args:
        criterion: main column, and beginning of the names of status and spec.
        sibling: criterion of the other scorer, which may stand beside it.
        suffix: end of every name.
        types: of the columns without the suffix; status and spec are texts.
        scorer: class name, for messages.
    """

    criterion: str
    sibling: str
    suffix: str
    types: Mapping[str, pa.DataType]
    scorer: str

    def answer(
        self, rows: Rows, scored: Sequence[Scores], spec: str, prompt_keys: Sequence[str | None]
    ) -> dict[str, Any]:
        """The new columns in the form in which the rows came."""
        self._log_unscored(scored)
        columns = {name: [row.get(name) for row in scored] for name in self.types}
        columns[f"{self.criterion}_status"] = [row["status"] for row in scored]
        columns[f"{self.criterion}_spec"] = [spec] * len(scored)
        columns[PROMPT_KEY] = list(prompt_keys)
        self._complete_shared(columns, rows)
        return rows.answer(
            {name + self.suffix: values for name, values in columns.items()},
            {name + self.suffix: self.types.get(name, pa.string()) for name in columns},
        )

    def refuse_other_settings(self, rows: Rows, spec: str) -> None:
        """Scores of other settings must not be overwritten, nor counts that belong to another student.

        Raises:
            ValueError: columns of these names hold something else.
        """
        self._refuse_unexplained(rows)
        ours = read_spec(spec)
        others = {
            other
            for other in self._specs_in(rows, self.criterion)
            if read_spec(other).get("id") != ours["id"]
        } | {
            other
            for other in self._specs_in(rows, self.sibling)
            if not _counted_alike(read_spec(other), ours)
        }
        if others:
            other = min(others)
            raise ValueError(
                f"The columns to be written already hold values with other settings: {other}. "
                f"These would be: {spec}. They differ in {spec_difference(other, spec)}. "
                "Pass `suffix=` to write beside them, or remove the old columns."
            )

    def _refuse_unexplained(self, rows: Rows) -> None:
        """Columns of these names without a spec are somebody else's."""
        if self._spec_column(self.criterion) in rows:
            return
        explained = (*_SHARED, PROMPT_KEY) if self._spec_column(self.sibling) in rows else ()
        for name in (*self.types, PROMPT_KEY):
            if name + self.suffix in rows and name not in explained:
                raise ValueError(
                    f"{self.scorer} writes a column {name + self.suffix!r}, and there is one already without "
                    f"{self._spec_column(self.criterion)!r} beside it to tell its settings. Pass `suffix=` "
                    "to write beside it, or rename or remove it."
                )

    def _spec_column(self, criterion: str) -> str:
        return f"{criterion}_spec{self.suffix}"

    def _specs_in(self, rows: Rows, criterion: str) -> set[str]:
        column = self._spec_column(criterion)
        return set(rows.column(column)) - {None} if column in rows else set()

    def _complete_shared(self, columns: dict[str, list[Any]], rows: Rows) -> None:
        """What this scorer does not know of a row stays as the other one wrote it; counts are never null."""
        for name, default in _SHARED.items():
            if name not in columns:
                continue
            known = rows.column(name + self.suffix) if name + self.suffix in rows else []
            known = known or [None] * len(columns[name])
            columns[name] = [
                (default if before is None else before) if value is None else value
                for value, before in zip(columns[name], known, strict=True)
            ]

    def _log_unscored(self, scored: Sequence[Scores]) -> None:
        unscored = Counter(row["status"] for row in scored if row["status"] not in SCORED)
        if unscored:
            logger.info(
                "%s: %d of %d rows not scored (%s)",
                self.criterion,
                unscored.total(),
                len(scored),
                ", ".join(f"{status}: {count}" for status, count in sorted(unscored.items())),
            )


def _counted_alike(counted: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether steps and tokens were counted by another scorer as they would be here.

    A scorer that writes no `num_steps` names no splitter.
    """
    same_tokens = all(counted.get(key) == ours.get(key) for key in _SHAPE_TOKENS)
    splitters = {spec["splitter"] for spec in (counted, ours) if "splitter" in spec}
    return same_tokens and len(splitters) < 2
