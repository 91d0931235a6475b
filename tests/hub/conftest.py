"""Fixtures of all tests that push."""

from pathlib import Path

import pytest
from datasets import Dataset
from emulated_hub import IGNORED_WARNING, hub, waits
from some_selections import make_selection

__all__ = ["hub", "waits"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.filterwarnings(IGNORED_WARNING))


@pytest.fixture
def selection() -> Dataset:
    return make_selection()
