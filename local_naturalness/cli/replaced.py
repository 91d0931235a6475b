"""What a table held that a command replaces. It is told if rows or columns of scores are lost."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from local_naturalness.counted import counted


@dataclass(frozen=True)
class Held:
    """The number of rows of a table, and the names of its columns of scores."""

    num_rows: int
    scores: Sequence[str]

    @classmethod
    def in_file(cls, path: Path) -> "Held | None":
        """What a Parquet file holds. `None` if there is no such file, or if it cannot be read."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        from local_naturalness.criteria.known import spec_columns

        try:
            metadata = pq.read_metadata(path)
        except (OSError, pa.ArrowException):
            return None
        specs = spec_columns(metadata.schema.to_arrow_schema().names)
        return cls(metadata.num_rows, [scorer + suffix for scorer, suffix in specs.values()])

    def __str__(self) -> str:
        return f"{counted(self.num_rows, 'row')} with {' and '.join(self.scores) or 'no scores'}"


def replaced(before: Held | None, table: Path, are_scores_kept: bool) -> str | None:
    """A warning that a table has lost rows or columns of scores. `None` if it has lost none.

    Args:
        before: the table that was replaced.
        table: where it was, and the new table is.
        are_scores_kept: whether the store had the scores of the first one.
    """
    now = Held.in_file(table)
    if before is None or now is None:
        return None
    if now.num_rows >= before.num_rows and set(now.scores) >= set(before.scores):
        return None
    kept = (
        "Its scores are still kept: scoring the earlier input again with the same options brings it back "
        "without the student."
        if are_scores_kept
        else "Its scores were not kept in the hidden folder."
    )
    return (
        f"Warning: '{table}' was replaced. It had {before}; now it has {now}. {kept} To keep both tables, "
        "use another --output. To add rows, score the old and the new rows as one input."
    )
