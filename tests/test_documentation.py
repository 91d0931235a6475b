"""Examples in the documentation run, and every public name is documented."""

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import local_naturalness

ROOT = Path(__file__).parent.parent
PAGES = sorted([*(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_a_page_run(page):
    """All examples of a page are one session, as a reader would type them."""
    # A fence ends what an example prints, as a blank line does.
    text = re.sub(r"^```.*$", "", page.read_text(), flags=re.MULTILINE)
    test = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    report: list[str] = []
    runner.run(test, out=report.append)
    assert not report, "".join(report)


def test_the_first_screen_of_the_readme_prints_what_it_shows():
    code, shown = re.search(
        r"```python\n(.*?)```\s+```text\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL
    ).groups()
    # Tables are as wide as the terminal.
    wide = {**os.environ, "COLUMNS": "100"}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=wide)
    printed, expected = run.stdout.split(), shown.split()
    assert len(printed) == len(expected)
    for word, known in zip(printed, expected, strict=True):
        # Other processors round differently: words alike, numbers nearly.
        assert word == known or float(word) == pytest.approx(float(known), abs=0.005)


@pytest.mark.parametrize("name", local_naturalness.__all__)
def test_public_names_are_documented(name):
    assert f"`{name}`" in (ROOT / "docs" / "reference.md").read_text()
    docstring = getattr(local_naturalness, name).__doc__
    # The example of a push needs a hub: it is run by the tests of the hub.
    example = "push_selection(best" if name == "push_selection" else ">>>"
    assert example in docstring, "a public docstring shows an example"


def test_importing_the_package_does_not_load_torch():
    program = "import sys, local_naturalness; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0


def test_all_public_names_can_be_imported_lazily():
    assert set(local_naturalness.__all__) <= set(dir(local_naturalness))
    with pytest.raises(AttributeError, match="no attribute 'LocalScore'"):
        _ = local_naturalness.LocalScore
