"""The row of the input that a row was made of."""

from datasets import Dataset

from local_naturalness.shapes.answers import num_answers
from local_naturalness.shapes.replies import answers_of
from local_naturalness.shapes.shape import Shape


def origin_of(dataset: Dataset, shape: Shape | None, row: int) -> str | None:
    """Where a row comes from, in words; `None` if each row of the input is one row.

    Args:
        dataset: the input, before it was read as rows.
        shape: that it had.
        row: number among the rows that were made of it.

    >>> from local_naturalness.shapes import recognise
    >>> dataset = Dataset.from_dict({"prompt": ["a", "b"], "generations": [["1"], ["2", "3"]]})
    >>> origin_of(dataset, recognise(dataset.to_dict()), 2)
    'input row 1, item 1 of `generations`'
    """
    if shape is not None and shape.teacher_columns:
        number, place = divmod(row, len(shape.teacher_columns))
        return f"input row {number}, column `{shape.teacher_columns[place]}`"
    if shape is None or not shape.lists:
        return None
    responses = dataset.with_format(None).select_columns([shape.lists[0]])
    for number, one in enumerate(responses):
        value = one[shape.lists[0]]
        served = answers_of(shape.lists[0], value)
        size = max(num_answers(value) if served is None else len(served), 1)
        if row < size:
            return f"input row {number}, item {row} of `{shape.lists[0]}`"
        row -= size
    return None
