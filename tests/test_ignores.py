"""Whatever is ignored, a finding of a linter or a warning, has its reason beside it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# Comments for a linter, the type checker or coverage, with their codes; and filters of warnings.
IGNORED = re.compile(
    r"#\s*type: ignore(?P<type>\[[\w, -]+\])?|#\s*noqa(?P<rule>: [A-Z]+\d+(, ?[A-Z]+\d+)*)?|# pragma: no"
    r"|filterwarnings\(\s*[\"']|simplefilter\(|^\s*[\"']ignore\b|^\w+ = [\"']ignore:"
)


def without_reason(text):
    """Lines that ignore something with no comment behind or above; linters must be told a code, too."""
    lines = text.splitlines()
    for number, line in enumerate(lines):
        ignored = IGNORED.search(line)
        if ignored is None:
            continue
        above = [other.strip() for other in lines[:number] if not other.startswith("@")]
        is_linter = ignored.group().startswith("#")
        has_code = "pragma" in ignored.group() or any(ignored.group("type", "rule"))
        behind = line[ignored.end() :] if is_linter else line.partition("  # ")[2]
        has_reason = bool(re.search(r"\w{2}", behind)) or (
            not is_linter and "".join(above[-1:]).startswith("#")
        )
        if not has_reason or (is_linter and not has_code):
            yield number + 1


def test_whatever_is_ignored_has_a_reason():
    folders = ("local_naturalness", "tests", "examples")
    files = [ROOT / "pyproject.toml", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    files.remove(Path(__file__))
    found = [
        f"{path.relative_to(ROOT)}:{line}" for path in files for line in without_reason(path.read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    "text, is_found",
    [
        ("x = f()  # type: ignore[misc]", True),
        ("x = f()  # type: ignore # f has no types", True),
        ("x = f()  # type: ignore[misc] # f has no types", False),
        ("x == True  # noqa: E712", True),
        ("x == True  # noqa: E712, B015 (null is neither)", False),
        ("x = 1\n\n@pytest.mark.filterwarnings('ignore')\ndef test_x(): ...", True),
        ("# The library's own.\n@pytest.mark.slow\n@pytest.mark.filterwarnings('ignore')", False),
        ("import warnings\nwarnings.simplefilter('ignore')", True),
        ("warnings.simplefilter('ignore')  # progress is all that is shown", False),
        ("filterwarnings = [\n    'error',\n    'ignore:old:FutureWarning',\n]", True),
        ("filterwarnings = [\n    # The library's own.\n    'ignore:old:FutureWarning',\n]", False),
    ],
)
def test_an_ignore_without_a_reason_is_found(text, is_found):
    assert bool(list(without_reason(text))) is is_found
