"""Choose the teacher, and the teacher's answer to each prompt, that a student should be trained on.

Every public name is importable from here. They are loaded on first use, so that importing the package
(and `local-naturalness --help`) does not load torch.
"""

import importlib
from typing import TYPE_CHECKING

from local_naturalness.process import IMPORTED_BY_PROCESS as IMPORTED_BY_PROCESS
from local_naturalness.version import __version__ as __version__

_MODULE_OF = {
    "GlobalScorer": "scorers",
    "LocalNaturalness": "metric",
    "LocalScorer": "scorers",
    "Student": "student",
    "compare_criteria": "comparison",
    "push_selection": "hub",
    "rank_teachers": "teachers",
    "select_responses": "selection",
    "split_steps": "steps",
}
__all__ = [
    "GlobalScorer",
    "LocalNaturalness",
    "LocalScorer",
    "Student",
    "compare_criteria",
    "push_selection",
    "rank_teachers",
    "select_responses",
    "split_steps",
]

if TYPE_CHECKING:
    from local_naturalness.comparison import compare_criteria
    from local_naturalness.hub import push_selection
    from local_naturalness.metric import LocalNaturalness
    from local_naturalness.scorers import GlobalScorer, LocalScorer
    from local_naturalness.selection import select_responses
    from local_naturalness.steps import split_steps
    from local_naturalness.student import Student
    from local_naturalness.teachers import rank_teachers


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
