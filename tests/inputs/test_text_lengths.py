"""Lengths of texts by offsets are those that one would count."""

import numpy as np
import pyarrow as pa
import pytest

from local_naturalness.inputs.text_lengths import text_lengths

MESSAGES = [[{"role": "user", "content": "Größe?"}, {"role": "assistant", "content": None}], [], None, [None]]


def counted(value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict):
        return sum(map(counted, value.values()))
    return sum(map(counted, value)) if isinstance(value, list) else 0


@pytest.mark.parametrize(
    "array",
    [
        pa.array(["", None, "Größe", "数学"]),
        pa.array(["a", None, "bcd"], pa.large_string()),
        pa.array(MESSAGES),
        pa.array([["So it is. ", "And so on."], None, [], ["", "x"]]),
        pa.array([1, None, 3]),
        pa.array([None, None]),
        pa.ExtensionArray.from_storage(pa.json_(), pa.array(['{"content": "Größe?"}', None, "[]"])),
    ],
    ids=str,
)
def test_lengths_equal_a_count(array):
    expected = [counted(value) for value in array.to_pylist()]
    for part, of_part in [(array, expected), (array[1:], expected[1:]), (array[:0], [])]:
        assert text_lengths(part).tolist() == of_part
        # Rows written by `datasets` come in chunks.
        assert text_lengths(pa.chunked_array([part, part[:1]])).tolist() == of_part + of_part[:1]
    assert text_lengths(array).dtype == np.int64
