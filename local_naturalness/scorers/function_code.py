"""A digest of the code of functions that users pass, such as splitters.

`datasets` pickles a function that is imported from a module as the name of the module and of the function. So
neither the cache nor the `id` of a spec sees that such a function was edited.
"""

import ast
import inspect
import sys
import sysconfig
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

import xxhash

# Where code of others is installed. It has versions of its own.
_STANDARD = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib")})
_INSTALLED = frozenset({"site-packages", "dist-packages"})


def code_digest(functions: Iterable[Callable[..., Any]]) -> str | None:
    """Digest of the definitions of functions, and of everything in the user's own modules that they name.

    Comments and formatting do not matter. `None` if there is no source, as for functions of installed
    packages.
    """
    found: dict[tuple[str, str], str] = {}
    for function in functions:
        named = _named(function)
        _collect(getattr(named, "__module__", ""), named.__qualname__.partition(".")[0], found)
    if not found:
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
    statements = [statement for statement in _statements(module) if name in _bound(statement)]
    if not statements:
        return
    found[module_name, name] = "\n".join(map(ast.unparse, statements))
    for other in {node.id for top in statements for node in ast.walk(top) if isinstance(node, ast.Name)}:
        _collect(module_name, other, found)
    value = getattr(module, name, None)
    defined_in = getattr(value, "__module__", None)
    if isinstance(value, ModuleType):  # `from . import helpers`: all of it may matter
        for other in {bound for top in _statements(value) for bound in _bound(top)} if _is_own(value) else ():
            _collect(value.__name__, other, found)
    elif isinstance(defined_in, str) and defined_in != module_name:  # `from .helpers import cut`
        _collect(defined_in, getattr(value, "__qualname__", name).partition(".")[0], found)


def _is_own(module: ModuleType) -> bool:
    """Whether a module is the user's: neither installed, nor built in, nor one of this library."""
    file = getattr(module, "__file__", None)
    if file is None or module.__name__.partition(".")[0] == __name__.partition(".")[0]:
        return False
    return not file.startswith(_STANDARD) and _INSTALLED.isdisjoint(Path(file).parts)


def _statements(module: ModuleType) -> list[ast.stmt]:
    try:
        return ast.parse(inspect.getsource(module)).body
    except (OSError, TypeError, SyntaxError):
        return []


def _bound(node: ast.AST) -> set[str]:
    """The names that a top-level statement, or a part of it, defines in its module."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Name):
        return {node.id} if isinstance(node.ctx, ast.Store) else set()
    if isinstance(node, ast.alias):
        return {node.asname or node.name.partition(".")[0]}
    return set[str]().union(*map(_bound, ast.iter_child_nodes(node)))
