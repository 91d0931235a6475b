"""Refuses responses that were changed after they were scored, judged by their numbers of tokens."""

import re
from collections.abc import Sequence

from datasets import Dataset

# The suffix of a scorer belongs to the name of every column that it wrote.
_SPEC_COLUMN = re.compile(r"(?:local|global)_naturalness_spec(.*)")


class ScoredLengths:
    """The numbers of tokens that scorers wrote for each row.

    Args:
        dataset: scored rows.
    """

    def __init__(self, dataset: Dataset):
        specs = filter(None, map(_SPEC_COLUMN.fullmatch, dataset.column_names))
        names = sorted({f"num_tokens{spec[1]}" for spec in specs} & set(dataset.column_names))
        self._lengths: Sequence[Sequence[int | None]] = [dataset.with_format(None)[name][:] for name in names]

    def refuse_other(self, row: int, place: str, num_tokens: int) -> None:
        """Check the response of a row. Several scorers may have scored several responses: it is one of them.

        Args:
            row: its number.
            place: such as a split, for messages.
            num_tokens: of the response as it is now.

        Raises:
            ValueError: no scorer scored as many.
        """
        scored = [length for lengths in self._lengths if (length := lengths[row])]  # 0: not scored
        if scored and num_tokens not in scored:
            raise ValueError(
                f"The response of row {row}{place} has {num_tokens} tokens, and {scored[0]} were scored "
                "(`num_tokens`), so it was changed afterwards: score the rows again, or name the column of "
                "the responses that were scored with `response_column=...`."
            )
