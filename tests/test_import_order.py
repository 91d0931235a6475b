"""Data flows one way: no import runs against the order that `docs/architecture.md` shows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "local_naturalness"
# The package's own name gives the public names lazily; only the outermost folders may use it.
OUTERMOST = {"cli", "metric", "benchmark", "report", "ray"}


def rows_of_the_table():
    """The folders in order, those that stand in one row together."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    return [re.findall(r"`([a-z_]+)`", first) for first in re.findall(r"^\| (`[a-z_`, ]+`) \|", page, re.M)]


ORDER = {name: number for number, names in enumerate(rows_of_the_table()) for name in names}


def folder_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path):
    """Folders that a file imports from, wherever in it the import stands; with the number of the line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            yield node.lineno, "a relative import"
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module]
        for name in names:
            if name.split(".")[0] == "local_naturalness":
                yield node.lineno, name.partition(".")[2].split(".")[0] or "local_naturalness"


def upward_imports(path):
    here = folder_of(path)
    for line, there in imports(path):
        is_public = there == "local_naturalness" and here in OUTERMOST
        if not is_public and there != here and ORDER.get(there, len(ORDER)) >= ORDER[here]:
            yield f"{path.relative_to(ROOT)}:{line} imports {there}"


def modules():
    tops = {"__init__.py", "__main__.py"}
    return [path for path in sorted(PACKAGE.rglob("*.py")) if str(path.relative_to(PACKAGE)) not in tops]


def test_every_folder_has_its_place():
    assert {folder_of(path) for path in modules()} <= set(ORDER)


def test_no_import_runs_upward():
    assert [found for path in modules() for found in upward_imports(path)] == []


@pytest.mark.parametrize(
    "folder, text",
    [
        ("engine", "from local_naturalness.scorers import LocalScorer"),
        ("teachers", "def f():\n    import local_naturalness.selection.select"),
        ("hub", "from local_naturalness import select_responses"),
        ("steps", "from . import paragraphs"),
    ],
)
def test_what_runs_upward_is_found(folder, text, monkeypatch, tmp_path):
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    monkeypatch.setattr(f"{__name__}.PACKAGE", tmp_path)
    path = tmp_path / folder / "module.py"
    path.parent.mkdir()
    path.write_text(text)
    assert len(list(upward_imports(path))) == 1
