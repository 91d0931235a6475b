"""What an experiment does, read from its configuration file."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from harness.answers import ANSWERS

NO_FILTER = "none"


@dataclass(frozen=True)
class Selection:
    """Rows to train on: arguments of `select_responses`, under a name.

    Args:
        name: As it appears in tables.
        by, mode, direction: As for `select_responses`.
        k: Responses per prompt; "all" keeps every candidate.
        match: Name of the selection whose teacher shares are imitated; of a random one, those of its seed 0.
        teacher: Candidates of this teacher only.
        seeds: Number of trainings. A random selection is drawn anew for each.
    """

    name: str
    by: str | Mapping[str, float] = "random"
    mode: str = "best"
    direction: str | None = None
    k: int | str = 1
    match: str | None = None
    teacher: str | None = None
    seeds: int = 1


@dataclass(frozen=True)
class Experiment:
    """An experiment; every field but `selections` is a key at the top of its file.

    Args:
        name: Names the files of its results.
        student: Hub id or folder of the model that is scored with and trained.
        candidates: Table with the columns `prompt`, `teacher`, `response`; see `read_table`.
        questions: Table with the columns `prompt`, `reference`: held-out problems.
        answer: How an answer is read from a response, a name in `ANSWERS`.
        splitter: What a step is, as for `LocalScorer`.
        windows: Windows of `LocalScorer`; "all" for all steps before.
        filters: Bool columns of the candidates, each a table of its own; "none" for all candidates.
        teacher_seeds: Number of trainings on each teacher alone.
        best_first: Order of tables and figures; else that of the file.
        reference: Selection that others are compared with in tables.
        training: Arguments of TRL's `SFTConfig`.
        generation: `batch_size`, and arguments of `generate`.
        selections: The tables `[[selections]]`.
    """

    name: str
    student: str
    candidates: str
    questions: str
    answer: str
    splitter: str = "sentence"
    windows: tuple[int | float | str, ...] = (4,)
    filters: tuple[str, ...] = (NO_FILTER,)
    teacher_seeds: int = 0
    best_first: bool = True
    reference: str | None = None
    training: Mapping[str, Any] = field(default_factory=dict)
    generation: Mapping[str, Any] = field(default_factory=dict)
    selections: tuple[Selection, ...] = ()

    def __post_init__(self) -> None:
        if self.answer not in ANSWERS:
            raise ValueError(f"`answer` must be one of {sorted(ANSWERS)}, got {self.answer!r}.")
        for name in ("windows", "filters"):
            if not isinstance(getattr(self, name), tuple) or not getattr(self, name):
                raise ValueError(f"`{name}` must be a list that is not empty, got {getattr(self, name)!r}.")
        names = [one.name for one in self.selections]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"Selections need names of their own, found twice: {sorted(twice)}.")
        unknown = {one.match for one in self.selections} - {None, *names}
        if unknown:
            raise ValueError(f"`match` names no selection: {sorted(unknown)}; there are {names}.")
        if self.reference not in (None, *names):
            raise ValueError(f"`reference` names no selection: {self.reference!r}; there are {names}.")


def read_experiment(path: Path, **overrides: Any) -> Experiment:
    """Read a configuration file.

    Args:
        path: A TOML file. Its key `base` names another one beside it, whose keys hold where this one has
            none; `training` and `generation` are completed key by key.
        overrides: Keys that replace those of the file, unless they are None.

    Raises:
        ValueError: A key is unknown or missing.
    """
    settings = tomllib.loads(path.read_text(encoding="utf-8"))
    if "base" in settings:
        base = tomllib.loads((path.parent / settings.pop("base")).read_text(encoding="utf-8"))
        for table in ("training", "generation"):
            settings[table] = base.get(table, {}) | settings.get(table, {})
        settings = base | settings
    settings |= {key: value for key, value in overrides.items() if value is not None}
    settings.setdefault("name", path.stem)
    selections = tuple(_build(Selection, one, path) for one in settings.pop("selections", []))
    settings = {key: tuple(value) if isinstance(value, list) else value for key, value in settings.items()}
    return _build(Experiment, settings | {"selections": selections}, path)


def _build(kind: type, settings: Mapping[str, Any], path: Path) -> Any:
    what = {Experiment: "an experiment", Selection: "a selection"}[kind]
    known = [one.name for one in fields(kind)]
    unknown = sorted(set(settings) - set(known))
    if unknown:
        raise ValueError(f"{path}: unknown keys {unknown}; {what} has {known}.")
    try:
        return kind(**settings)
    except TypeError as error:
        raise ValueError(f"{path}: {what} lacks keys: {error}.") from None
