import json

import pytest

from local_naturalness.embedded import candidates_path


@pytest.fixture(scope="session")
def rows():
    """Twenty candidates, one of them twice, and a row without a response."""
    with open(candidates_path(), encoding="utf-8") as lines:
        rows = [json.loads(next(lines)) for _ in range(20)]
    return [*rows, rows[4], rows[0] | {"response": None}]
