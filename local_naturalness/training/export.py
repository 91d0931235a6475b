"""`export`: write the columns that trainers read, from those that were scored."""

import logging
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from datasets import Dataset, DatasetDict

from local_naturalness.counted import counted
from local_naturalness.encoding.examples import SWITCHES_COLUMN, TOOLS_COLUMN
from local_naturalness.encoding.reasoning import carries_reasoning
from local_naturalness.encoding.row_doubts import GOES_ON, doubts_of_turns, in_words
from local_naturalness.inputs.column_names import names_reasoning
from local_naturalness.training.done import holds_its_ids, is_done, note
from local_naturalness.training.scored_prompts import refuse_other_prompts
from local_naturalness.training.scored_responses import ScoredResponses
from local_naturalness.training.set_aside import set_aside, tell_left_beside
from local_naturalness.training.source import Source, find_source
from local_naturalness.training.student_of import Specs
from local_naturalness.training.student_text import StudentText
from local_naturalness.training.trainable import trainable
from local_naturalness.training.trainer_columns import Layout, write
from local_naturalness.training.trl_agreement import Agreement, agreement

logger = logging.getLogger(__name__)

Form = Literal["trl", "prompt-completion", "messages"] | None
FORMS = ("trl", "prompt-completion", "messages", None)

# `max_length` of TRL's `SFTConfig`.
_CUT_BY_DEFAULT = 1024

_Rows = TypeVar("_Rows", Dataset, DatasetDict)


def export(
    dataset: _Rows,
    form: Form = "trl",
    *,
    student: Any = None,
    prompt_column: str | None = None,
    response_column: str = "response",
) -> _Rows:
    """Write rows in the columns that trainers read, so that a student is trained on exactly the scored text.

    Args:
        dataset: The result of `select_responses`, or other rows in any shape that scorers read. A
            `DatasetDict` is exported split by split, all in the same layout.
        form: The layout.

            - `"prompt-completion"` writes `prompt` and `completion`. They are messages, which trainers
              render with the student's chat template, or texts for a student without a chat template.
            - `"messages"` writes whole conversations into `messages`.
            - `"trl"` is the same as `"prompt-completion"` if TRL's `SFTTrainer` makes exactly the scored
              tokens of it. If not, for example because the template deletes reasoning, it writes `input_ids`
              and `labels` instead, which trainers use unchanged.
            - `None` changes nothing.
        student: The student that the rows were scored for: its id or folder, a `Student`, or the scorer
            (which also knows a `prompt_template`). `None` looks in the cache of the Hub for the student that
            the scores name. Without a student, rows are not checked, and the student is assumed to have a
            chat template.
        prompt_column: Column of texts or lists of messages. `None` is the column that was scored, which is
            found with `prompt_key`. Without `prompt_key`, it is `prompt`, or the prompts of a known shape. A
            column of ids that rows were grouped by is never used.
        response_column: Column of texts.

    Returns:
        The dataset in the new layout. Other columns are kept. Columns that trainers would read instead, such
        as `messages` next to `prompt` and `completion`, are renamed (to `source_messages`), with a warning.
        `tools` becomes JSON text. If the rows were scored with `chat_template_kwargs`, a column of that name
        is added. TRL reads both.

    Raises:
        ValueError: A row cannot be trained on (it has no response, its prompt is an id, it equals another
            row, or it was changed after it was scored), the layout does not train on the scored text, a
            column is missing, or there are two texts to train on.
        TypeError: A column has the wrong type, or `dataset` is a stream.

    Example:

    >>> from datasets import Dataset
    >>> from local_naturalness.embedded import student_path
    >>> from local_naturalness.selection import export
    >>> rows = Dataset.from_dict({"prompt": ["2 + 3?"], "response": ["It is 5."], "teacher": ["a"]})
    >>> ready = export(rows, "trl", student=student_path())
    >>> ready[0]["completion"], ready.column_names
    ([{'role': 'assistant', 'content': 'It is 5.'}], ['prompt', 'completion', 'teacher'])
    """
    if form not in FORMS:
        raise ValueError(f"`export` must be one of {FORMS}, got {form!r}.")
    if not isinstance(dataset, Dataset | DatasetDict):
        raise TypeError(
            f"`export` needs a Dataset or a DatasetDict, got {type(dataset).__name__}: load it without "
            "`streaming=True`."
        )
    splits = {"": dataset} if isinstance(dataset, Dataset) else dict(dataset)
    if form is None:
        for rows in splits.values():
            tell_left_beside(rows, response_column)
        return dataset
    if all(is_done(rows, form, response_column) for rows in splits.values()):
        return _as_given(dataset, {split: _without_others(rows) for split, rows in splits.items()})
    specs = Specs(splits.values())
    text = specs.text(student)
    if all(holds_its_ids(rows, text, prompt_column, response_column) for rows in splits.values()):
        return dataset
    if specs.by_turn and form != "messages":
        raise ValueError(
            f"All assistant turns of these conversations were scored, and `export={form!r}` trains on the "
            'last one: pass `export="messages"` and train with `assistant_only_loss=True`.'
        )
    sources = {split: find_source(rows, prompt_column, response_column) for split, rows in splits.items()}
    seen = [_looked_at(rows, sources[split], text, form, split, specs) for split, rows in splits.items()]
    if text is None:
        _tell_not_compared(seen, specs)
    _tell_turns(seen, specs)
    _tell_lengths(seen)
    layout = _layout(form, text, seen, specs)
    written = {}
    for split, rows in splits.items():
        source: Source = sources[split]
        kept = (*source.consumed, TOOLS_COLUMN)
        written[split] = write(set_aside(rows, kept), source, layout, text)
    if text is not None and (layout.form == "ids" or not text.is_chat):
        for rows in written.values():
            note(rows, is_ids=layout.form == "ids")
    return _as_given(dataset, written)


def _as_given(dataset: _Rows, splits: dict[str, Dataset]) -> _Rows:
    return splits[""] if isinstance(dataset, Dataset) else DatasetDict(splits)


def _without_others(dataset: Dataset) -> Dataset:
    """Rows that were exported already, without other columns that trainers would read."""
    if "input_ids" in dataset.column_names:
        return dataset
    return set_aside(dataset, ("prompt", "completion", TOOLS_COLUMN, SWITCHES_COLUMN))


@dataclass(frozen=True)
class _Seen:
    """What was found in the rows of a split: for each kind, the number of rows and the first row.

    `num_tokens` has the lengths of the rows, if the student is known.
    """

    fields: frozenset[str]
    has_earlier_turns: int
    has_reasoning: int
    agreed: Counter[Agreement]
    first: dict[Agreement, int]
    turns: dict[str, tuple[int, int]]
    num_tokens: tuple[int, ...]
    num_rows: int


def _looked_at(
    dataset: Dataset, source: Source, text: StudentText | None, form: str, split: str, specs: Specs
) -> _Seen:
    """Check every row, and compare the tokens that a trainer makes of it with those that were scored."""
    place = f" of split {split!r}" if split else ""
    fields: set[str] = set()
    earlier = reasoned = 0
    agreed: Counter[Agreement] = Counter()
    first: dict[Agreement, int] = {}
    turns: dict[str, tuple[int, int]] = {}
    lengths: list[int] = []
    rows = source.read(dataset)
    if specs.are_known and not specs.by_turn:
        rows = refuse_other_prompts(rows, dataset, place)
    responses = ScoredResponses(dataset, specs.by_turn)
    for row, example in trainable(rows, place):
        messages = [*(example.prompt if isinstance(example.prompt, list) else ()), example.message or {}]
        fields |= {name for message in messages for name in message}
        earlier += any(message.get("role") == "assistant" for message in messages[:-1])
        reasoned += carries_reasoning(example.response or "")
        for kind in doubts_of_turns(example):
            count, first_row = turns.get(kind, (0, row))
            turns[kind] = (count + 1, first_row)
        try:
            found = (
                None
                if text is None
                else agreement(example, text, as_messages=text.is_chat or form == "messages")
            )
        except (TypeError, ValueError) as error:
            raise type(error)(f"Row {row}{place} cannot be exported: {error}") from error
        responses.refuse_other(row, place, example, None if specs.student is None else text)
        if text is None or found is None:
            continue
        lengths.append(text.num_tokens(example))
        agreed[found] += 1
        first.setdefault(found, row)
    return _Seen(frozenset(fields), earlier, reasoned, agreed, first, turns, tuple(lengths), len(dataset))


def _tell_not_compared(seen: list[_Seen], specs: Specs) -> None:
    """Log that nobody knows what a trainer makes of the rows, and what may get lost."""
    apart = sorted({name for one in seen for name in one.fields if names_reasoning(name)})
    loss = ""
    if apart:
        loss = f"does not write {apart[0]!r}"
    elif any(one.has_reasoning for one in seen):
        loss = "deletes reasoning from answers, as some do"
    logger.warning(
        "The rows are not compared with the text that was scored, because the tokenizer of the "
        "student %s was not found: pass `student=...`.%s",
        specs.student or "that they were scored for",
        f" If its chat template {loss}, the student is trained without the reasoning that was scored."
        if loss
        else "",
    )


def _tell_turns(seen: list[_Seen], specs: Specs) -> None:
    """Log which conversations are not written completely."""
    for one in seen:
        for kind, (count, row) in one.turns.items():
            if kind == GOES_ON or not specs.by_turn:
                where = f"In {count:,} of {counted(one.num_rows, 'row')}, such as row {row},"
                logger.warning("%s", in_words(kind, where, template=""))


def _tell_lengths(seen: list[_Seen]) -> None:
    """Log how many rows are longer than TRL takes by default, because it cuts them without a word."""
    lengths = [length for one in seen for length in one.num_tokens]
    if long := [length for length in lengths if length > _CUT_BY_DEFAULT]:
        logger.warning(
            "In %d of %s there are more than %s tokens (up to %s), where `SFTTrainer` cuts by default: train "
            "with `max_length=None`.",
            len(long),
            counted(len(lengths), "row"),
            f"{_CUT_BY_DEFAULT:,}",
            f"{max(long):,}",
        )


def _layout(form: str, text: StudentText | None, seen: list[_Seen], specs: Specs) -> Layout:
    """Which columns are written.

    Raises:
        ValueError: the layout does not train on the text that was scored.
    """
    agreed = sum((one.agreed for one in seen), Counter[Agreement]())
    fields = frozenset[str]().union(*(one.fields for one in seen))
    switches = specs.switches if text is None else text.switches
    plain = Layout("prompt-completion" if form == "trl" else form, fields <= {"role", "content"}, switches)
    if form == "messages" and (earlier := sum(one.has_earlier_turns for one in seen)) and not specs.by_turn:
        logger.warning(
            "In %s there are earlier turns of the assistant, which were not scored: trainers compute the "
            'loss on these too. `export="trl"` trains on the last turn only.',
            counted(earlier, "conversation"),
        )
    if text is None:
        return plain
    if form == "messages" and not text.is_chat:
        raise ValueError(
            "The student saw the rows without a chat template, so no trainer shows it `messages` as they "
            'were scored: pass `export="prompt-completion"`, which writes texts.'
        )
    if form == "trl":
        return plain if set(agreed) <= {Agreement.SAME} else Layout("ids", plain.is_plain, switches)
    if agreed[Agreement.OTHER]:
        row = min(one.first[Agreement.OTHER] for one in seen if Agreement.OTHER in one.first)
        raise ValueError(
            f"For {counted(agreed[Agreement.OTHER], 'row')}, such as row {row}, a trainer would see another "
            "text than the one that was scored, because the student's chat template rewrites responses, or "
            "they already end with what it writes after them. "
            'Pass `export="trl"`, which writes token ids if it has to, or `export=None`.'
        )
    if merged := agreed[Agreement.SEAM]:
        logger.warning(
            "In %d of %s the tokenizer joins the end of the prompt with the beginning of the response if a "
            'trainer tokenizes both at once. The text is the same. `export="trl"` keeps the tokens.',
            merged,
            counted(agreed.total(), "row"),
        )
    if shown := agreed[Agreement.SHOWN]:
        logger.warning(
            "In %d of %s a trainer shows another prompt than the one that was scored, for example with "
            'today\'s date. The responses are the same. `export="trl"` keeps the prompt.',
            shown,
            counted(agreed.total(), "row"),
        )
    return plain
