import json
from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.fixture(scope="session")
def read_rows():
    def read(name: str) -> list[dict]:
        path = DATA / name
        if not path.exists():
            pytest.skip(f"needs {name} in ../shared/data, beside the project")
        with path.open(encoding="utf-8") as lines:
            return [json.loads(line) for line in lines]

    return read
