"""The cause of an error is told, not the class of what was raised on its way out."""

import errno

import pytest
from datasets.exceptions import DatasetGenerationError

from local_naturalness.inputs.causes import cause


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_a_cache_that_cannot_be_written(number, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"prompt": "a"}\n')
    try:
        try:
            raise OSError(number, "in the words of the reader")
        except OSError as error:
            raise DatasetGenerationError("An error occurred while generating the dataset") from error
    except DatasetGenerationError as error:
        told = cause([path], "json", error)
    assert told.startswith("The cache of `datasets`") and "HF_DATASETS_CACHE" in told
    assert "DatasetGenerationError" not in told
