"""A digest of the code of functions that users pass, such as splitters.

`datasets` pickles a function that is imported from a module as the name of the module and of the function. So
neither the cache nor the `id` of a spec sees that such a function was edited.
"""

import ast
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from importlib.util import resolve_name
from pathlib import Path
from types import ModuleType
from typing import Any

import xxhash

# Where code of others is installed. It has versions of its own.
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
_INSTALLED = frozenset({"site-packages", "dist-packages"})
_ALL = "*"


def code_digest(functions: Iterable[Callable[..., Any]]) -> str | None:
    """Digest of the definitions of functions, and of everything in the user's own modules that they name.

    Comments and formatting do not matter. `None` if there is no source, as for functions of installed
    packages.
    """
    found: dict[tuple[str, str], str] = {}
    for function in functions:
        named = _named(function)
        _collect(getattr(named, "__module__", ""), named.__qualname__.partition(".")[0], found)
    if not any(found.values()):
        return None
    return xxhash.xxh3_64_hexdigest(repr(sorted(found.items())).encode())[:8]


def _named(function: Any) -> Any:
    """The function or class whose definition has to be read."""
    while isinstance(function, partial):
        function = function.func
    function = getattr(function, "__func__", function)
    return function if hasattr(function, "__qualname__") else type(function)


def _collect(module_name: str, name: str, found: dict[tuple[str, str], str]) -> None:
    """Add the top-level statements of a module that define a name, and those that define what they name."""
    module = sys.modules.get(module_name)
    if module is None or (module_name, name) in found or not _is_own(module):
        return
    statements = [top for top in _statements(module) if not {name, _ALL}.isdisjoint(_bound(top))]
    found[module_name, name] = "\n".join(map(ast.unparse, statements))
    for node in (node for top in statements for node in ast.walk(top)):
        if isinstance(node, ast.Name):
            _collect(module_name, node.id, found)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                _collect_all(alias.name, found)
        elif isinstance(node, ast.ImportFrom):
            source = resolve_name("." * node.level + (node.module or ""), module.__package__ or None)
            for alias in node.names:
                _collect(source, name if alias.name == _ALL else alias.name, found)
                _collect_all(f"{source}.{alias.name}", found)


def _collect_all(module_name: str, found: dict[tuple[str, str], str]) -> None:
    """Add all of a module, if it is one, because any of its names may be used."""
    module = sys.modules.get(module_name)
    if module is not None and _is_own(module):
        for name in {name for top in _statements(module) for name in _bound(top)}:
            _collect(module_name, name, found)


def _is_own(module: ModuleType) -> bool:
    """Whether a module is the user's: neither installed, nor built in, nor one of this library."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__.partition(".")[0] == __name__.partition(".")[0]:
        return False
    return not file.startswith(_STANDARD) and _INSTALLED.isdisjoint(Path(file).parts)


def _statements(module: ModuleType) -> list[ast.stmt]:
    try:
        return _parsed(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return []


@lru_cache(maxsize=16)
def _parsed(source: str) -> list[ast.stmt]:
    return ast.parse(source).body


def _bound(node: ast.AST) -> set[str]:
    """The names that a top-level statement, or a part of it, defines in its module."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, ast.alias):
        return {node.asname or node.name.partition(".")[0]}
    return set[str]().union(*map(_bound, ast.iter_child_nodes(node)))
