"""The known criteria: their directions and columns, and how a name is matched with a dataset."""

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

DIRECTIONS = ("high", "low")


@dataclass(frozen=True)
class Criterion:
    """What the library knows about a criterion.

    Args:
        better: "high" or "low".
        scorer: Scorer that wrote it (or its inputs): `<scorer>_spec` holds the settings.
        inputs: Columns it is computed from; empty for a column that a scorer writes itself.
        written_by: The scorer that writes the column or the inputs.
    """

    better: str
    scorer: str
    written_by: str
    inputs: tuple[str, ...] = ()


_LOCAL, _GLOBAL = "local_naturalness", "global_naturalness"

CRITERIA: Mapping[str, Criterion] = {
    "local_naturalness": Criterion("high", _LOCAL, "LocalScorer(...)"),
    "global_naturalness": Criterion("high", _GLOBAL, "GlobalScorer(...)"),
    "global_naturalness_by_step": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("steps",))'),
    "rank_surprisal_ratio": Criterion("low", _GLOBAL, 'GlobalScorer(..., statistics=("rank",))'),
    "learnability": Criterion(
        "high", _GLOBAL, 'GlobalScorer(..., statistics=("brier",))', ("global_naturalness", "brier")
    ),
    "seqlss": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("mass_above",))'),
    "high_entropy_sum": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("entropy",))'),
    "prediction_difficulty": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("entropy",))'),
    "teacher_step_share": Criterion("high", _LOCAL, "criteria.TeacherStepShare(...)"),
    "global_naturalness_drop": Criterion("high", _GLOBAL, 'GlobalScorer(..., statistics=("steps",))'),
    "global_naturalness_casl": Criterion(
        "high",
        _GLOBAL,
        'GlobalScorer(..., statistics=("steps",))',
        (
            "global_naturalness",
            "global_naturalness_drop",
            "first_token_log_prob",
            "num_steps",
            "num_tokens",
        ),
    ),
}


@dataclass(frozen=True)
class ResolvedCriterion:
    """A criterion's name matched with the columns of one dataset.

    Args:
        name: As the user wrote it.
        kind: "column", "computed" or "random".
        direction: "high" or "low".
        base: The known criterion behind the name, `None` for other columns.
        suffix: The suffix of the scorer's columns.
    """

    name: str
    kind: str
    direction: str
    base: str | None = None
    suffix: str = ""

    @property
    def inputs(self) -> tuple[str, ...]:
        """The columns to read, with their suffix."""
        if self.kind == "computed" and self.base is not None:
            return tuple(column + self.suffix for column in CRITERIA[self.base].inputs)
        return (self.name,) if self.kind == "column" else ()

    @property
    def spec_column(self) -> str | None:
        """The column that records the settings of the scores."""
        return f"{CRITERIA[self.base].scorer}_spec{self.suffix}" if self.base else None

    @property
    def status_column(self) -> str | None:
        """The column that says why rows have no score."""
        return f"{CRITERIA[self.base].scorer}_status{self.suffix}" if self.base else None

    @property
    def unit(self) -> str:
        """ "nats" where the criterion is a mean log-probability, else an empty text."""
        is_mean = self.base is not None and self.base.startswith((_LOCAL, _GLOBAL))
        return "nats" if is_mean else ""

    @property
    def sign(self) -> float:
        """+1.0 when high is better, else -1.0: values times the sign are "higher is better"."""
        return 1.0 if self.direction == "high" else -1.0


def resolve_criterion(
    name: str,
    columns: Iterable[str],
    direction: str | Mapping[str, str] | None = None,
    argument: str = "by",
) -> ResolvedCriterion:
    """Match a criterion's name with the columns of a dataset and find its direction.

    Args:
        name: A column, a criterion that is computed from columns, or "random". A known criterion may carry
            the `suffix` of the scorer that wrote it, recognised by its `<scorer>_spec<suffix>`.
        columns: The dataset's columns.
        direction: "high" or "low" for columns without a known direction, or a mapping from names
            to directions.
        argument: The argument that the name was passed as, for messages.

    Raises:
        ValueError: The name is unknown, inputs are missing, the direction is not known, or it
            contradicts the known one.

    Example:

    >>> resolve_criterion("rank_surprisal_ratio", ["prompt", "rank_surprisal_ratio"]).direction
    'low'
    """
    columns = list(columns)
    given = direction.get(name) if isinstance(direction, Mapping) else direction
    if given is not None and given not in DIRECTIONS:
        raise ValueError(f'`direction` must be "high" or "low", got {given!r}.')
    if name == "random":
        return ResolvedCriterion(name, "random", "high")
    base, suffix = _known_base(name, columns)
    if base is not None and given not in (None, CRITERIA[base].better):
        raise ValueError(
            f"For {name!r}, {CRITERIA[base].better} is better, but `direction={given!r}` says the opposite: "
            'leave out `direction`. To select the lowest-ranked responses, pass `mode="worst"`.'
        )
    if name in columns:
        better = CRITERIA[base].better if base else given
        if better is None:
            raise ValueError(
                f"The library does not know whether high or low is better in column {name!r}: pass "
                '`direction="high"` or `direction="low"`.'
            )
        return ResolvedCriterion(name, "column", better, base, suffix)
    if base is None:
        raise ValueError(_unknown_name(name, columns))
    criterion = CRITERIA[base]
    needed = [column + suffix for column in criterion.inputs] or [name]
    missing = [column for column in needed if column not in columns]
    if missing:
        advice = f"They are written by {criterion.written_by}."
        if others := _with_suffixes(base, columns):
            named = " or ".join(map(repr, others))
            advice = f"There are scores with a suffix: name {named} with `{argument}=...`."
        raise ValueError(
            f"Criterion {name!r} needs the columns {needed}; missing: {missing}, found: {columns}. {advice}"
        )
    return ResolvedCriterion(name, "computed", criterion.better, base, suffix)


def check_directions(direction: str | Mapping[str, str] | None, names: Collection[str]) -> None:
    """Raise a ValueError if a direction is given for a criterion that is not used.

    Args:
        direction: As for `resolve_criterion`.
        names: The criteria that are used.

    Example:

    >>> check_directions({"num_tokns": "low"}, ["num_tokens"])
    Traceback (most recent call last):
    ValueError: `direction` names 'num_tokns', not among the criteria: 'num_tokens'.
    """
    unknown = [name for name in direction if name not in names] if isinstance(direction, Mapping) else []
    if unknown:
        raise ValueError(
            f"`direction` names {', '.join(map(repr, unknown))}, not among the criteria: "
            f"{', '.join(map(repr, names))}."
        )


def _known_base(name: str, columns: list[str]) -> tuple[str | None, str]:
    for base in sorted(CRITERIA, key=len, reverse=True):
        suffix = name[len(base) :]
        has_scorer = f"{CRITERIA[base].scorer}_spec{suffix}" in columns
        if name.startswith(base) and (not suffix or has_scorer):
            return base, suffix
    return None, ""


def spec_columns(columns: Iterable[str]) -> dict[str, tuple[str, str]]:
    """The columns `<scorer>_spec<suffix>` of a table, each with its scorer and suffix.

    >>> spec_columns(["prompt", "local_naturalness", "local_naturalness_spec_7b"])
    {'local_naturalness_spec_7b': ('local_naturalness', '_7b')}
    """
    return {
        column: (scorer, column.removeprefix(f"{scorer}_spec"))
        for column in columns
        for scorer in (_LOCAL, _GLOBAL)
        if column.startswith(f"{scorer}_spec")
    }


def suffixes_of(columns: Iterable[str], scorer: str | None = None) -> list[str]:
    """The distinct suffixes of the scorers (or of one of them) that wrote to a table."""
    found = [suffix for one, suffix in spec_columns(columns).values() if scorer in (None, one)]
    return list(dict.fromkeys(found))


def _with_suffixes(base: str, columns: list[str]) -> list[str]:
    """The names under which a known criterion is in a table whose scorers were given a suffix."""
    criterion = CRITERIA[base]
    return [
        base + suffix
        for suffix in suffixes_of(columns, criterion.scorer)
        if suffix and all(column + suffix in columns for column in criterion.inputs or (base,))
    ]


def _unknown_name(name: str, columns: list[str]) -> str:
    nearest = difflib.get_close_matches(name, [*columns, *CRITERIA, "random"], n=1, cutoff=0.5)
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    return (
        f"Criterion {name!r} is neither a column nor a known criterion.{hint} Columns found: {columns}; "
        f"computed from other columns: {[known for known, what in CRITERIA.items() if what.inputs]} and "
        "'random'."
    )
