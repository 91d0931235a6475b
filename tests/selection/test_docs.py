"""The examples in the documentation pages of this part run as written."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("page", ["criteria.md", "selection.md", "teachers.md"])
def test_examples(page):
    result = doctest.testfile(
        str(DOCS / page), module_relative=False, optionflags=doctest.NORMALIZE_WHITESPACE
    )
    assert result.attempted > 3
    assert result.failed == 0
