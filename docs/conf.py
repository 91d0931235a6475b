"""How `make docs` builds these pages: a link or an anchor that leads nowhere is an error."""

from typing import Any

from local_naturalness import __version__

project = "local_naturalness"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
# Pages link to each other's headings as they do on GitHub.
myst_heading_anchors = 3
# Docstrings are written as Markdown has it: backticks are code, and so is what stands between fences.
default_role = "code"
# Docstrings tell the types where a signature does not.
autodoc_typehints = "none"


def fences_as_directives(app: Any, what: str, name: str, obj: Any, options: Any, lines: list[str]) -> None:
    """Rewrite a docstring's fenced code in place as Sphinx wants it."""
    rewritten = []
    is_code = False
    for line in lines:
        code = line.lstrip()
        if code.startswith("```"):
            is_code = not is_code
            rewritten += [line.replace("```", ".. code-block:: "), ""] if is_code else [""]
        else:
            rewritten.append(f"    {line}" if is_code else line)
    lines[:] = rewritten


def setup(app: Any) -> None:
    app.connect("autodoc-process-docstring", fences_as_directives)
