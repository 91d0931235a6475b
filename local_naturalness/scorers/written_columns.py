"""The columns that a scorer writes: names, types and values."""

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from local_naturalness.counted import counted
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.encoding.prompt_key import PROMPT_KEY
from local_naturalness.encoding.response_key import RESPONSE_KEY

logger = logging.getLogger(__name__)

# Statuses of rows that have a score.
SCORED = frozenset({"ok", "context_trimmed", "step_in_pieces"})

# Columns of a row without their suffix. If a column is left out, it is null, or 0 for a count.
Scores = dict[str, Any]

# Columns that identify what was scored, whichever scorer writes them.
KEYS = (PROMPT_KEY, RESPONSE_KEY)

# Columns that both scorers write, and their values for a row that neither has scored.
_SHARED: dict[str, int | None] = {
    "num_steps": 0,
    "num_tokens": 0,
    "repeated_step_share": None,
    "step_spans": None,
    RESPONSE_KEY: None,
}


@dataclass(frozen=True)
class WrittenColumns:
    """The columns that a scorer adds to a dataset.

    Args:
        criterion: main column, and beginning of the names of status and spec.
        sibling: criterion of the other scorer, whose columns may exist too.
        suffix: end of every name.
        types: Arrow types of the columns, without the suffix. Status and spec are texts.
        scorer: class name, for messages.
    """

    criterion: str
    sibling: str
    suffix: str
    types: Mapping[str, pa.DataType]
    scorer: str

    def answer(
        self,
        rows: Rows,
        scored: Sequence[Scores],
        spec: str,
        keys: Mapping[str, Sequence[str | None]],
    ) -> dict[str, Any]:
        """The new columns in the form in which the rows were passed.

        Args:
            rows: the rows that were passed.
            scored: their scores.
            spec: settings of the scores.
            keys: the columns of `KEYS`. Rows that are not scored get no key of the response.
        """
        self._log_unscored(scored)
        columns = {name: [row.get(name) for row in scored] for name in self.types}
        columns[f"{self.criterion}_status"] = [row["status"] for row in scored]
        columns[f"{self.criterion}_spec"] = [spec] * len(scored)
        columns[PROMPT_KEY] = list(keys[PROMPT_KEY])
        columns[RESPONSE_KEY] = [
            key if row["status"] in SCORED else None
            for key, row in zip(keys[RESPONSE_KEY], scored, strict=True)
        ]
        self._complete_shared(columns, rows)
        return rows.answer(
            {name + self.suffix: values for name, values in columns.items()},
            {name + self.suffix: self.types.get(name, pa.string()) for name in columns},
        )

    @property
    def shared(self) -> tuple[str, ...]:
        """Columns that both scorers write."""
        return tuple(_SHARED)

    def spec_column(self, criterion: str) -> str:
        """Name of the column with the settings of a criterion."""
        return f"{criterion}_spec{self.suffix}"

    def _complete_shared(self, columns: dict[str, list[Any]], rows: Rows) -> None:
        """Keep values of shared columns that only the other scorer knows. Counts are never null."""
        is_beside = self.spec_column(self.sibling) in rows
        for name, default in _SHARED.items():
            if name not in columns:
                continue
            known = rows.column(name + self.suffix) if is_beside and name + self.suffix in rows else []
            known = known or [None] * len(columns[name])
            columns[name] = [
                (default if before is None else before) if value is None else value
                for value, before in zip(columns[name], known, strict=True)
            ]

    def _log_unscored(self, scored: Sequence[Scores]) -> None:
        unscored = Counter(row["status"] for row in scored if row["status"] not in SCORED)
        if unscored:
            logger.info(
                "%s: %d of %s not scored (%s)",
                self.criterion,
                unscored.total(),
                counted(len(scored), "row"),
                ", ".join(f"{status}: {count}" for status, count in sorted(unscored.items())),
            )
