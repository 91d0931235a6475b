"""Refuses responses that were changed after they were scored."""

from collections.abc import Sequence

from datasets import Dataset

from local_naturalness.criteria.known import suffixes_of
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.response_key import RESPONSE_KEY, response_key
from local_naturalness.training.student_text import StudentText


class ScoredResponses:
    """What scorers wrote about each response: its key or, in earlier versions, its number of tokens.

    Several scorers may have scored several responses. A row may have any of these.

    Args:
        dataset: scored rows.
        by_turn: whether all assistant turns were scored.
    """

    def __init__(self, dataset: Dataset, by_turn: bool):
        self._by_turn = by_turn
        columns = dataset.with_format(None)
        self._keys: list[Sequence[str | None]] = []
        self._lengths: list[Sequence[int | None]] = []
        for suffix in suffixes_of(dataset.column_names):
            if RESPONSE_KEY + suffix in dataset.column_names:
                self._keys.append(columns[RESPONSE_KEY + suffix][:])
            elif "num_tokens" + suffix in dataset.column_names:
                self._lengths.append(columns["num_tokens" + suffix][:])

    def refuse_other(self, row: int, place: str, example: Example, text: StudentText | None) -> None:
        """Check the response of a row.

        Args:
            row: its number.
            place: such as a split, for messages.
            example: the row as it is now.
            text: text of the student that scored. Without it, numbers of tokens are not compared.

        Raises:
            ValueError: no scorer scored this response.
        """
        keys = [key for column in self._keys if (key := column[row]) is not None]
        lengths = [length for column in self._lengths if (length := column[row])]  # 0: not scored
        if response_key(example, self._by_turn) in keys:
            return
        if lengths and (text is None or self._by_turn or text.num_scored(example) in lengths):
            return
        if keys or lengths:
            how = "`response_key`" if keys else "`num_tokens`"
            raise ValueError(
                f"The response of row {row}{place} is not the one that was scored, as {how} shows, so it was "
                "changed afterwards: score the rows again, or name the column of the responses that were "
                "scored with `response_column=...`."
            )
