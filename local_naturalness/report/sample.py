"""A sample of a table's numbers, without texts, to rank teachers and compare criteria."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from datasets import Dataset

from local_naturalness.criteria.known import spec_columns
from local_naturalness.report.scored_table import ScoredTable
from local_naturalness.tables.choice_columns import holds_numbers

# A share of so many prompts is known to a tenth of a percent.
_MOST_PROMPTS = 250_000
# The column of flags, where only some rows count.
WHERE = "passes where"


@dataclass(frozen=True)
class NumbersOfPrompts:
    """All rows of the prompts of a random sample.

    Args:
        dataset: Columns of numbers and settings; `prompt` is a number, `teacher` a name.
        rows: Their numbers in the table.
        num_prompts: In the sample.
        of_prompts: In the table.
    """

    dataset: Dataset
    rows: np.ndarray
    num_prompts: int
    of_prompts: int

    @classmethod
    def of(cls, table: ScoredTable) -> "NumbersOfPrompts":
        of_prompts = int(table.prompt.max(initial=-1)) + 1
        rows = np.arange(len(table.prompt))
        if of_prompts > _MOST_PROMPTS:
            is_drawn = np.zeros(of_prompts + 1, dtype=bool)  # the last one is for rows without a prompt
            is_drawn[np.random.default_rng(0).choice(of_prompts, _MOST_PROMPTS, replace=False)] = True
            rows = np.flatnonzero(is_drawn[table.prompt])
        columns = {
            "prompt": pa.array(table.prompt[rows], mask=table.prompt[rows] < 0),
            "teacher": _named(table.teacher[rows], table.teachers),
        }
        if table.counted.passes is not None:
            columns[WHERE] = pa.array(table.is_counted[rows])
        # A row without a score is not a very short response.
        has_score = np.isfinite(table.values[rows]) | np.isfinite(table.other_values[rows])
        specs = spec_columns(table.columns.names)
        for field in table.columns.table.schema:
            if field.name in columns:
                continue
            if field.name in specs:
                codes, names = table.columns.labels(field.name)
                columns[field.name] = _named(codes[rows], names)
            elif holds_numbers(field.type):
                numbers = table.columns.numbers(field.name)[rows]
                if field.name == "num_tokens":
                    numbers = np.where(has_score, numbers, np.nan)
                columns[field.name] = pa.array(numbers, mask=np.isnan(numbers))
        return cls(Dataset(pa.table(columns)), rows, min(of_prompts, _MOST_PROMPTS), of_prompts)

    def note(self) -> str:
        """A sentence on what was left out; empty if nothing was."""
        if self.num_prompts == self.of_prompts:
            return ""
        return (
            f"Teachers are ranked and criteria compared on {self.num_prompts:,} prompts, drawn at random "
            f"from all {self.of_prompts:,}."
        )


def _named(codes: np.ndarray, names: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=codes < 0), pa.array(names, pa.string())
    ).cast(pa.string())
