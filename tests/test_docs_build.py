"""The settings of the documentation's build make what leads nowhere an error."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SETTINGS = ROOT / "docs" / "conf.py"

GOOD = """
# Index

[a page](other.md), [a heading](other.md#a-heading)

```{toctree}
other
```
"""
BAD = """
# Index

[a page](nowhere.md), [a heading](other.md#no-heading), [a heading of this page](#not-here)

```{eval-rst}
.. autofunction:: local_naturalness.no_function
```
"""


def build(folder, index):
    shutil.copy(SETTINGS, folder)
    (folder / "index.md").write_text(index)
    (folder / "other.md").write_text("# Other\n\n## A heading\n")
    words = ["--fail-on-warning", "--keep-going", "--quiet", str(folder), str(folder / "site")]
    return subprocess.run([sys.executable, "-m", "sphinx", *words], capture_output=True, text=True)


def test_links_to_pages_and_headings_are_built(tmp_path):
    run = build(tmp_path, GOOD)
    assert (run.returncode, run.stderr) == (0, "")
    assert 'href="other.html#a-heading"' in (tmp_path / "site" / "index.html").read_text()


def test_what_leads_nowhere_fails(tmp_path):
    run = build(tmp_path, BAD)
    assert run.returncode != 0
    # The last one is a page that no table of contents leads to.
    for cause in ("'nowhere.md'", "'no-heading'", "'not-here'", "no_function", "other.md"):
        assert cause in run.stderr


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_pages_outside_the_build_link_to_files_that_exist(page):
    links = re.findall(r"\]\((?!https?:)([^)]+)\)", (ROOT / page).read_text())
    assert [link for link in links if not (ROOT / link).exists()] == []
