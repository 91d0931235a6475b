"""The base class of the scorers: rows in, windows through the engine, score columns out."""

import os
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
from datasets import Dataset

from local_naturalness.encoding.example_encoder import EncodedExample, ExampleEncoder
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.map_rows import Rows
from local_naturalness.encoding.prompt_encoder import PromptEncoder
from local_naturalness.encoding.prompt_key import PROMPT_KEY, prompt_key
from local_naturalness.encoding.prompt_template import PromptTemplate, checked_template, template_label
from local_naturalness.encoding.response_key import RESPONSE_KEY, response_key
from local_naturalness.encoding.template_variables import checked_switches
from local_naturalness.engine import Engine
from local_naturalness.engine.memory import enough_tokens
from local_naturalness.engine.windows import WindowPlan
from local_naturalness.scorers.columns_of_other_settings import refuse_other_settings, refuse_other_texts
from local_naturalness.scorers.function_code import code_digest
from local_naturalness.scorers.logged_doubts import Doubts
from local_naturalness.scorers.map_progress import MapProgress
from local_naturalness.scorers.planned_row import PlannedRow, plan_row, run
from local_naturalness.scorers.reader import ExampleReader
from local_naturalness.scorers.shown import Shown, shown_row, unscored_row
from local_naturalness.scorers.student_argument import as_student
from local_naturalness.scorers.written_columns import SCORED, Scores, WrittenColumns
from local_naturalness.spec import CODE, SCORING_VERSION, json_setting, read_spec, write_spec
from local_naturalness.steps import resolve_splitter
from local_naturalness.steps.splitter import Splitter
from local_naturalness.store import ScoreStore
from local_naturalness.student.shipping import Shipped

# Name and version of the splitter for conversations, as written into the spec.
TURN_SPLITTER = "turn/2"

# A batch of a thousand long traces can take an hour, so rows go to the store after about sixteen passes. The
# groups depend on the content of rows and not on time, so a resumed run has the same groups and the same
# scores.
_CHARACTERS_KEPT = 48  # characters in a group for each token of a pass; three characters are about one token


@dataclass(kw_only=True, eq=False, repr=False)
class Scorer(Shipped):
    """Base class of the callables for `dataset.map`. Its fields are the arguments of both scorers.

    A subclass defines which windows a row needs (`_plan`), and its columns from the statistics of its tokens
    (`_columns`).
    """

    criterion: ClassVar[str]
    sibling: ClassVar[str]  # criterion of the other scorer

    student: Any = field(kw_only=False)
    tokenizer: InitVar[Any] = None
    splitter: Any = "sentence"
    prompt_column: str = "prompt"
    response_column: str = "response"
    messages_column: str | None = None
    steps_column: str | None = None
    suffix: str = ""
    max_tokens_per_batch: int | None = None
    device: InitVar[Any] = None
    dtype: InitVar[Any] = "auto"
    prompt_template: PromptTemplate | None = None
    chat_template_kwargs: Mapping[str, Any] | None = None
    store: str | os.PathLike[str] | None = None

    def __post_init__(self, tokenizer: Any, device: Any, dtype: Any) -> None:
        self.student = as_student(self.student, {"tokenizer": tokenizer, "device": device, "dtype": dtype})
        by_turn = isinstance(self.splitter, str) and self.splitter == "turn"
        may_be_by_turn = self.messages_column is not None and self.steps_column is None
        if by_turn and not may_be_by_turn:
            raise ValueError(
                "`splitter='turn'` makes each assistant turn of a conversation a step: it needs "
                "`messages_column` and no `steps_column`."
            )
        self._splitter: Splitter | None = (
            None if by_turn else resolve_splitter(self.splitter, ["turn"] if may_be_by_turn else [])
        )
        self.prompt_template = checked_template(self.prompt_template)
        self.chat_template_kwargs = checked_switches(self.chat_template_kwargs)
        # Read now, and not when it is needed, because the file may be edited while this process runs.
        self._code = code_digest(filter(callable, (self.splitter, self.prompt_template)))
        self.store = None if self.store is None else os.path.abspath(self.store)
        self._engine: Engine | None = None
        self._opened: ScoreStore | None = None
        self._reader = ExampleReader(
            self.prompt_column,
            self.response_column,
            self.messages_column,
            self.steps_column,
            by_turn,
            type(self).__name__,
        )
        self._doubts: Doubts | None = None
        self._progress: MapProgress | None = None
        # Called with the rows of a batch, in their order, as soon as a store keeps them.
        self.when_kept: Callable[[Sequence[Scores]], None] | None = None

    def __call__(self, rows: Any, rank: int | None = None) -> Any:
        """Score a batch (dict of lists), one row (dict of values) or a table of Arrow.

        Args:
            rows: what `dataset.map` passes, such a dict, or a `pyarrow.Table`. Ray Data passes tables with
                `batch_format="pyarrow"`, and Spark's `mapInArrow` can pass them.
            rank: number of the worker, passed by `map(..., with_rank=True)`. It chooses the GPU.

        Returns:
            Only the new columns, in the form of the input: lists for a batch, values for a row. For a table,
            the whole table, with the new columns at the end.
        """
        rows, spec, written = self._reader.rows(rows), self.spec, self._written()
        refuse_other_settings(written, rows, spec)
        examples = self._reader.examples(rows)
        keys = {PROMPT_KEY: [*map(prompt_key, examples)], RESPONSE_KEY: [*map(response_key, examples)]}
        refuse_other_texts(written, rows, keys)
        with self._shown_progress().batch(len(examples)):
            scored = [row | self._derived(row) for row in self._finished(examples, rank, spec)]
        self._shown_doubts().tell_if_worse_than_a_guess(
            ((row[self.criterion], row["num_tokens"]) for row in scored if row["status"] in SCORED),
            self.student.label,
            len(self.student.tokenizer),
        )
        return written.answer(rows, scored, spec, keys)

    @property
    @abstractmethod
    def types(self) -> dict[str, pa.DataType]:
        """Arrow types of the columns that are computed, by name without the suffix."""

    @property
    def spec(self) -> str:
        """The line that is written beside every score: student, settings, versions."""
        student, settings = self.student, self._settings()
        has_code = self._code is not None and not settings.keys().isdisjoint(("splitter", "prompt_template"))
        kind = student.kind | ({CODE: self._code} if has_code else {})
        return write_spec(student.label, student.identity, settings, kind)

    @property
    def token_budget(self) -> int:
        """Tokens per forward pass, if there is enough memory."""
        return self.max_tokens_per_batch or enough_tokens(self.student.device_type)

    @property
    def template_source(self) -> str:
        """Source of the chat template that renders the prompts. `""` if there is none."""
        return self._prompt_encoder().template_source

    def check_columns_of(self, table: Dataset) -> None:
        """Check that a table has no scores with other settings. Calls check it too, batch by batch.

        Raises:
            ValueError: columns of the names to write hold other scores.
        """
        written = self._written()
        specs = {written.spec_column(name) for name in (self.criterion, self.sibling)}
        values = {name: table.unique(name) if name in specs else [] for name in table.column_names}
        refuse_other_settings(written, Rows(values, is_batch=True, is_lazy=False), self.spec)

    def is_stored(self, rows: Any) -> list[bool]:
        """Which rows of a batch have a score in the store already.

        Args:
            rows: what `dataset.map` passes, or such a dict of lists.
        """
        examples = self._read(rows)
        store = self._opened_store(self.spec)
        return [False] * len(examples) if store is None else store.is_finished(examples)

    def prompt_keys(self, rows: Any) -> list[str | None]:
        """The values of the column `prompt_key` for a batch. Nothing is loaded.

        Args:
            rows: what `dataset.map` passes, such a dict of lists, or a table.
        """
        return [prompt_key(example) for example in self._read(rows)]

    def planned(self, rows: Any) -> list[PlannedRow | str]:
        """What scoring a batch would compute. This needs the tokenizer, but no weights.

        Args:
            rows: what `dataset.map` passes, or such a dict of lists.

        Returns:
            For each row its tokens and windows, or the status that says why it cannot be scored.
        """
        return self._planned_rows(self._read(rows))[0]

    def show(self, row: Mapping[str, Any]) -> Shown:
        """Show what exactly is scored in one row. This needs the tokenizer, but no weights.

        Args:
            row: its columns, such as `dataset[3]`. If the row has scores, they are shown with the steps.

        Returns:
            Prompt, response, steps and status. Print it to read it.

        Example:

        >>> from local_naturalness import LocalScorer
        >>> from local_naturalness.embedded import student_path
        >>> row = {"prompt": "What is 2 + 3?", "response": "Adding 2 and 3 gives 5. The answer is 5."}
        >>> shown = LocalScorer(student_path()).show(row)
        >>> shown.steps
        ['Adding 2 and 3 gives 5.', ' The answer is 5.']
        >>> shown.prompt
        '<|turn|>user\\nWhat is 2 + 3?<|end|>\\n<|turn|>assistant\\n'
        """
        (example,) = self._read({name: [value] for name, value in dict(row).items()})
        (planned,), refusals = self._planned_rows([example])
        if isinstance(planned, str):
            return unscored_row(example, planned, self.spec, refusals.get(planned))
        keys = {PROMPT_KEY: prompt_key(example), RESPONSE_KEY: response_key(example)}
        return shown_row(row, planned, self.spec, self.criterion, self.suffix, self.template_source, keys)

    def engine(self, rank: int | None = None) -> Engine:
        """The engine that scores windows. Loads the student.

        Args:
            rank: number of the worker process, see `Student.model`.
        """
        model = self.student.model(rank)
        if self._engine is None or self._engine.model is not model:
            self._engine = Engine(model, self.max_tokens_per_batch)
        return self._engine

    # From rows to scores.

    def _read(self, rows: Any) -> list[Example]:
        return self._reader.examples(self._reader.rows(rows))

    def _finished(self, examples: Sequence[Example], rank: int | None, spec: str) -> list[Scores]:
        """Scores, from the store if there is one. Missing ones are computed and added, group by group."""
        store = self._opened_store(spec)
        progress = self._shown_progress()
        if store is None:
            progress.begin(len(examples))
            return self._score(examples, rank)
        scored: list[Scores] = []
        for group in _groups(examples, self.token_budget * _CHARACTERS_KEPT):
            progress.begin(len(group))
            kept = store.scores(group, lambda missing: self._score(missing, rank))
            scored += kept
            if self.when_kept is not None:
                self.when_kept(kept)
        return scored

    def _opened_store(self, spec: str) -> ScoreStore | None:
        if self.store is None:
            return None
        if self._opened is None or self._opened.id != read_spec(spec)["id"]:
            kept = {name: kind for name, kind in self.types.items() if name not in self._derived({})}
            self._opened = ScoreStore(self.store, spec, kept, self.max_tokens_per_batch)
            self.max_tokens_per_batch = self._opened.max_tokens_per_batch
        return self._opened

    def _score(self, examples: Sequence[Example], rank: int | None) -> list[Scores]:
        engine = self.engine(rank)
        rows, refusals = self._planned_rows(examples)
        self._shown_doubts().tell(rows, refusals)
        able = [row for row in rows if isinstance(row, PlannedRow)]
        tokens = iter(run(able, engine, self._token_statistics(), self._shown_progress()))
        return [{"status": row} if isinstance(row, str) else self._scores(row, next(tokens)) for row in rows]

    def _shown_doubts(self) -> Doubts:
        if self._doubts is None:
            self._doubts = Doubts(self.template_source, are_different=self.store is not None)
        return self._doubts

    def _shown_progress(self) -> MapProgress:
        if self._progress is None:
            self._progress = MapProgress()
        return self._progress

    def _scores(self, row: PlannedRow, tokens: Mapping[str, np.ndarray] | None) -> Scores:
        return {"status": "non_finite"} if tokens is None else self._columns(row, tokens)

    def _planned_rows(self, examples: Sequence[Example]) -> tuple[list[PlannedRow | str], dict[str, str]]:
        """Rows with their windows, and for each status of refused rows why the first was refused."""
        context = self.student.context_length
        encoder = ExampleEncoder(
            self.student.tokenizer, self._prompt_encoder(), None if self.steps_column else self._splitter
        )
        return [plan_row(example, encoder, context, self._plan) for example in examples], encoder.refusals

    # What the two scorers decide.

    def _prompt_encoder(self) -> PromptEncoder:
        return PromptEncoder(self.student.tokenizer, self.prompt_template, switches=self.chat_template_kwargs)

    def _token_statistics(self) -> tuple[str, ...]:
        return ("log_prob",)

    def _derived(self, row: Scores) -> Scores:
        """Columns that follow from other columns, so a store does not keep them."""
        return {}

    @abstractmethod
    def _plan(self, row: EncodedExample, room: int, example: Example) -> WindowPlan | str:
        """The windows that a row needs, or the status that says why it cannot be scored."""

    @abstractmethod
    def _columns(self, row: PlannedRow, tokens: Mapping[str, np.ndarray]) -> Scores:
        """A row's columns from the statistics of its tokens."""

    # Identity.

    def _settings(self) -> dict[str, Any]:
        """All settings that change scores, in the order of the spec, without defaults."""
        settings: dict[str, Any] = {}
        if self.prompt_template is not None:
            settings["prompt_template"] = template_label(self.prompt_template)
        if self.chat_template_kwargs:
            settings["chat_template_kwargs"] = json_setting(self.chat_template_kwargs)
        date = self._prompt_encoder().pinned_date
        if date is not None:
            settings["date"] = date
        return settings

    def _splitter_setting(self) -> str:
        if self.steps_column:
            return f"column:{self.steps_column}"
        return TURN_SPLITTER if self._splitter is None else self._splitter.name

    def _written(self) -> WrittenColumns:
        return WrittenColumns(self.criterion, self.sibling, self.suffix, self.types, type(self).__name__)

    def __getstate__(self) -> dict[str, Any]:
        machine = dict.fromkeys(
            ("_engine", "max_tokens_per_batch", "store", "_opened", "_doubts", "_progress", "when_kept")
        )
        return self.__dict__ | machine | {"_scoring_version": SCORING_VERSION}

    def worker_state(self) -> dict[str, Any]:
        return self.__dict__ | {"_engine": None, "_opened": None, "_progress": None, "when_kept": None}


def _groups(examples: Sequence[Example], num_characters: int) -> Iterator[Sequence[Example]]:
    """Groups of consecutive examples with about the given total length of responses, at least one each."""
    start = length = 0
    for index, example in enumerate(examples):
        length += len(example.response or "")
        if length >= num_characters or index + 1 == len(examples):
            yield examples[start : index + 1]
            start, length = index + 1, 0
