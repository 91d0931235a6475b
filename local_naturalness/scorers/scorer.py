"""What the scorers share: rows in, windows through the engine, score columns out."""

import logging
import os
from abc import abstractmethod
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import xxhash

from local_naturalness.encoding.encoder import EncodedExample, ExampleEncoder
from local_naturalness.encoding.examples import Example, read_examples
from local_naturalness.encoding.rows import Rows, read_rows
from local_naturalness.encoding.tokenization import PromptEncoder, PromptTemplate, checked_template
from local_naturalness.engine import Engine
from local_naturalness.engine.memory import enough_tokens
from local_naturalness.engine.packing import Window
from local_naturalness.engine.windows import WindowPlan
from local_naturalness.spec import SCORING_VERSION, function_label, read_spec, spec_difference, write_spec
from local_naturalness.steps import resolve_splitter
from local_naturalness.store import ScoreStore
from local_naturalness.student import Student
from local_naturalness.student.shipping import Shipped

logger = logging.getLogger(__name__)

_INT, _FLOAT, _TEXT = pa.int32(), pa.float64(), pa.string()
# Counts that both scorers write.
_COUNTS = ("num_steps", "num_tokens")

# Name and version of the splitter that reads conversations, for provenance.
TURN_SPLITTER = "turn/1"

# Statuses of rows that have a score.
SCORED = frozenset({"ok", "context_trimmed", "step_in_pieces"})

# A row's columns without their suffix; a column left out is null, a count is 0.
Scores = dict[str, Any]


@dataclass(frozen=True)
class PlannedRow:
    """A row that can be scored: its text, its tokens, its windows."""

    example: Example
    encoded: EncodedExample
    plan: WindowPlan

    def windows(self) -> list[Window]:
        """The windows as the engine takes them."""
        prompt, response = self.encoded.prompt, self.encoded.response
        return [
            Window(prompt, response[span.begin : span.end], span.first_scored - span.begin)
            for span in self.plan.spans
        ]


class Scorer(Shipped):
    """Base of the callables for `dataset.map`: reading rows, identity, statuses, writing columns.

    A scorer says which windows a row needs (`_plan`) and what becomes of the statistics of its tokens
    (`_columns`).
    """

    criterion: str
    sibling: str  # criterion of the other scorer
    types: dict[str, pa.DataType]

    def __init__(
        self,
        student: Any,
        *,
        tokenizer: Any,
        splitter: Any,
        prompt_column: str,
        response_column: str,
        messages_column: str | None,
        steps_column: str | None,
        suffix: str,
        max_tokens_per_batch: int | None,
        device: Any,
        dtype: Any,
        prompt_template: PromptTemplate | None,
        store: str | os.PathLike[str] | None,
        include_prompt: bool = True,
    ):
        self.student = _as_student(student, tokenizer=tokenizer, device=device, dtype=dtype)
        self._by_turn = isinstance(splitter, str) and splitter == "turn"
        self._splitter = None if self._by_turn else resolve_splitter(splitter)
        self._prompt_column = prompt_column
        self._response_column = response_column
        self._messages_column = messages_column
        self._steps_column = steps_column
        self._suffix = suffix
        self._prompt_template = checked_template(prompt_template)
        self._include_prompt = include_prompt
        self._max_tokens_per_batch = max_tokens_per_batch
        self._engine: Engine | None = None
        self._store_folder = None if store is None else os.path.abspath(store)
        self._store: ScoreStore | None = None
        if self._by_turn and (messages_column is None or steps_column is not None):
            raise ValueError(
                "`splitter='turn'` makes each assistant turn of a conversation a step: it needs "
                "`messages_column` and no `steps_column`."
            )

    def __call__(self, rows: Any, rank: int | None = None) -> dict[str, Any]:
        """Score a batch (dict of lists) or one row (dict of values).

        Args:
            rows: what `dataset.map` passes, or such a dict.
            rank: number of the worker, passed by `map(..., with_rank=True)`; chooses the GPU.

        Returns:
            The new columns only, in the form of the input: lists for a batch, values for a row.
        """
        rows = self._read(rows)
        spec = self.spec
        self._refuse_other_settings(rows, spec)
        scored = self._finished(self._examples(rows), rank, spec)
        _log_unscored(Counter(row["status"] for row in scored), self.criterion)
        columns = {name: [row.get(name) for row in scored] for name in self.types}
        columns[f"{self.criterion}_status"] = [row["status"] for row in scored]
        columns[f"{self.criterion}_spec"] = [spec] * len(scored)
        self._complete_counts(columns, rows)
        return rows.answer(
            {name + self._suffix: values for name, values in columns.items()},
            {name + self._suffix: self._type(name) for name in columns},
        )

    def is_stored(self, rows: Any) -> list[bool]:
        """Which rows of a batch have a score in the store already.

        Args:
            rows: what `dataset.map` passes, or such a dict of lists.
        """
        examples = self._examples(self._read(rows))
        store = self._opened_store(self.spec)
        return [False] * len(examples) if store is None else store.is_finished(examples)

    @property
    def max_tokens_per_batch(self) -> int:
        """Tokens of a pass, if memory suffices."""
        return self._max_tokens_per_batch or enough_tokens(self.student.device_type)

    @property
    def spec(self) -> str:
        """The line that is written beside every score: student, settings, versions."""
        return write_spec(self.student.label, self.student.identity, self._settings())

    def _settings(self) -> dict[str, Any]:
        """Everything that changes scores, in the order in which the spec tells it; defaults left out."""
        settings: dict[str, Any] = {}
        if not self._include_prompt:
            settings["include_prompt"] = False
        if self._prompt_template is not None:
            template = self._prompt_template
            digest = xxhash.xxh3_64_hexdigest(template.encode())[:8] if isinstance(template, str) else None
            settings["prompt_template"] = digest or function_label(template)
        return settings

    def _splitter_setting(self) -> str:
        if self._by_turn:
            return TURN_SPLITTER
        return f"column:{self._steps_column}" if self._steps_column else self._splitter.name

    def _needed_columns(self) -> dict[str, str]:
        needed = {"steps_column": self._steps_column} if self._steps_column else {}
        if self._messages_column is not None:
            return needed | {"messages_column": self._messages_column}
        return needed | {
            "prompt_column": self._prompt_column,
            "response_column": self._response_column,
        }

    def _type(self, name: str) -> pa.DataType:
        return self.types.get(name, _TEXT)

    def _refuse_other_settings(self, rows: Rows, spec: str) -> None:
        """Scores of other settings must not be overwritten, nor counts that belong to another student."""
        ours = read_spec(spec)
        self._refuse_unexplained(rows)
        others = {
            other
            for other in self._specs_in(rows, self.criterion)
            if read_spec(other).get("id") != ours["id"]
        } | {
            other
            for other in self._specs_in(rows, self.sibling)
            if not _counted_alike(read_spec(other), ours)
        }
        if others:
            other = min(others)
            raise ValueError(
                f"The columns to be written already hold values with other settings: {other}. "
                f"These would be: {spec}. They differ in {spec_difference(other, spec)}. "
                "Pass `suffix=` to write beside them, or remove the old columns."
            )

    def _refuse_unexplained(self, rows: Rows) -> None:
        """Columns of these names without a spec are somebody else's."""
        if self._spec_column(self.criterion) in rows:
            return
        explained = _COUNTS if self._spec_column(self.sibling) in rows else ()
        for name in self.types:
            if name + self._suffix in rows and name not in explained:
                raise ValueError(
                    f"{type(self).__name__} writes a column {name + self._suffix!r}, and there is one "
                    f"already without {self._spec_column(self.criterion)!r} beside it to tell its settings. "
                    "Pass `suffix=` to write beside it, or rename or remove it."
                )

    def _spec_column(self, criterion: str) -> str:
        return f"{criterion}_spec{self._suffix}"

    def _specs_in(self, rows: Rows, criterion: str) -> set[str]:
        column = self._spec_column(criterion)
        return set(rows.column(column)) - {None} if column in rows else set()

    def _complete_counts(self, columns: dict[str, list[Any]], rows: Rows) -> None:
        """Counts are 0 where a row is not scored, unless the other scorer has counted it already."""
        for name in _COUNTS:
            if name not in columns:
                continue
            known = rows.column(name + self._suffix) if name + self._suffix in rows else []
            known = known or [None] * len(columns[name])
            columns[name] = [
                (before or 0) if count is None else count
                for count, before in zip(columns[name], known, strict=True)
            ]

    def _read(self, rows: Any) -> Rows:
        return read_rows(rows, self._needed_columns(), type(self).__name__)

    def _examples(self, rows: Rows) -> list[Example]:
        return read_examples(
            rows,
            self._prompt_column,
            self._response_column,
            self._messages_column,
            self._steps_column,
            self._by_turn,
        )

    def _finished(self, examples: Sequence[Example], rank: int | None, spec: str) -> list[Scores]:
        """Scores from the store where there is one; what it lacks is computed."""
        store = self._opened_store(spec)
        if store is None:
            return self._score(examples, rank)
        return store.scores(examples, lambda missing: self._score(missing, rank))

    def _opened_store(self, spec: str) -> ScoreStore | None:
        if self._store_folder is None:
            return None
        if self._store is None or self._store.id != read_spec(spec)["id"]:
            self._store = ScoreStore(self._store_folder, spec, self.types, self._max_tokens_per_batch)
            self._max_tokens_per_batch = self._store.max_tokens_per_batch
        return self._store

    def _score(self, examples: Sequence[Example], rank: int | None) -> list[Scores]:
        engine = self.engine(rank)
        rows = self._planned_rows(examples)
        scores = iter(self._score_planned([row for row in rows if isinstance(row, PlannedRow)], engine))
        return [next(scores) if isinstance(row, PlannedRow) else {"status": row} for row in rows]

    def engine(self, rank: int | None = None) -> Engine:
        """What scores the windows; loads the student.

        Args:
            rank: number of the worker process, see `Student.model`.
        """
        model = self.student.model(rank)
        if self._engine is None or self._engine.model is not model:
            self._engine = Engine(model, self._max_tokens_per_batch)
        return self._engine

    def planned(self, rows: Any) -> "list[PlannedRow | str]":
        """What scoring a batch would compute; needs the tokenizer and no weights.

        Args:
            rows: what `dataset.map` passes, or such a dict of lists.

        Returns:
            For each row its tokens and windows, or the status that says why it cannot be scored.
        """
        return self._planned_rows(
            self._examples(read_rows(rows, self._needed_columns(), type(self).__name__))
        )

    def _planned_rows(self, examples: Sequence[Example]) -> "list[PlannedRow | str]":
        context = self.student.context_length
        encoder = ExampleEncoder(
            self.student.tokenizer,
            PromptEncoder(self.student.tokenizer, self._prompt_template, self._include_prompt),
            None if self._steps_column else self._splitter,
        )
        return [self._planned(example, encoder, context) for example in examples]

    def _planned(self, example: Example, encoder: ExampleEncoder, context: int | None) -> "PlannedRow | str":
        """A row with its windows, or the status that says why it has none."""
        encoded = encoder.encode(example)
        if isinstance(encoded, str):
            return encoded
        room = len(encoded.response) if context is None else context - len(encoded.prompt)
        if room < 1:
            return "prompt_too_long"
        plan = self._plan(encoded, room, example)
        return plan if isinstance(plan, str) else PlannedRow(example, encoded, plan)

    def _score_planned(self, rows: Sequence["PlannedRow"], engine: Engine) -> list[Scores]:
        """Run all windows of a batch together, then gather each row's tokens again."""
        windows = [window for row in rows for window in row.windows()]
        scores = engine.score(windows, self._token_statistics())
        if len(scores) != len(windows):
            raise RuntimeError(f"{len(windows)} windows were to be scored, {len(scores)} came back.")
        results = iter(scores)
        scored = []
        for row in rows:
            tokens = {name: np.full(len(row.encoded.response), np.nan) for name in self._token_statistics()}
            finite = True
            for span in row.plan.spans:
                for name, values in next(results).items():
                    tokens[name][span.first_scored : span.end] = values
                    finite = finite and bool(np.isfinite(values).all())
            owned = {name: row.encoded.owned(values) for name, values in tokens.items()}
            scored.append(self._columns(row, owned) if finite else {"status": "non_finite"})
        return scored

    def _token_statistics(self) -> tuple[str, ...]:
        return ("log_prob",)

    @abstractmethod
    def _plan(self, row: EncodedExample, room: int, example: Example) -> WindowPlan | str:
        """The windows that a row needs, or the status that says why it cannot be scored."""

    @abstractmethod
    def _columns(self, row: "PlannedRow", tokens: Mapping[str, np.ndarray]) -> Scores:
        """A row's columns from the statistics of its tokens."""

    def __getstate__(self) -> dict[str, Any]:
        machine = dict.fromkeys(("_engine", "_max_tokens_per_batch", "_store_folder", "_store"))
        return self.__dict__ | machine | {"_scoring_version": SCORING_VERSION}

    def worker_state(self) -> dict[str, Any]:
        return self.__dict__ | {"_engine": None, "_store": None}


def _counted_alike(counted: Mapping[str, str], ours: Mapping[str, str]) -> bool:
    """Whether steps and tokens were counted by another scorer as they would be here.

    A scorer that writes no `num_steps` names no splitter.
    """
    same_tokens = all(counted.get(key) == ours.get(key) for key in ("student", "prompt_template"))
    splitters = {spec["splitter"] for spec in (counted, ours) if "splitter" in spec}
    return same_tokens and len(splitters) < 2


def _as_student(student: Any, *, tokenizer: Any, device: Any, dtype: Any) -> Student:
    if not isinstance(student, Student):
        return Student(student, tokenizer=tokenizer, device=device, dtype=dtype)
    given = {"tokenizer": tokenizer, "device": device, "dtype": None if dtype == "auto" else dtype}
    named = [f"`{name}`" for name, value in given.items() if value is not None]
    if named:
        raise ValueError(
            f"{', '.join(named)} cannot be changed for a `Student` that exists already: pass it to "
            "`Student(...)` instead."
        )
    return student


def _log_unscored(statuses: Counter[str], criterion: str) -> None:
    unscored = {status: count for status, count in statuses.items() if status not in SCORED}
    if unscored:
        logger.info(
            "%s: %d of %d rows not scored (%s)",
            criterion,
            sum(unscored.values()),
            sum(statuses.values()),
            ", ".join(f"{status}: {count}" for status, count in sorted(unscored.items())),
        )
