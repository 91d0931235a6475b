"""The layouts that trainers read: which columns each has, and how rows are written in them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from datasets import Dataset, Features, Json, List, Value

from local_naturalness.encoding.examples import SWITCHES_COLUMN, TOOLS_COLUMN, Example
from local_naturalness.encoding.messages import as_messages
from local_naturalness.training.source import Source
from local_naturalness.training.student_text import StudentText, answer_of

_TEXT = Value("string")
# Label of tokens that do not count for the loss.
_IGNORED = -100
_COLUMNS = {
    "prompt-completion": ("prompt", "completion"),
    "messages": ("messages",),
    "ids": ("input_ids", "labels"),
}


@dataclass(frozen=True)
class Layout:
    """The columns that are written.

    Attributes:
        form: "prompt-completion", "messages" or, for token ids, "ids".
        is_plain: whether messages have only a role and a content.
        switches: variables of the chat template.
    """

    form: str
    is_plain: bool
    switches: Mapping[str, Any]

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the columns."""
        return _COLUMNS[self.form]


def write(dataset: Dataset, source: Source, layout: Layout, text: StudentText | None) -> Dataset:
    """The dataset in a layout.

    Args:
        dataset: one split. No other column has the name of a written column.
        source: its columns of prompts and responses. They are replaced. Next to token ids, they stay, for
            people to read.
        layout: the layout to write.
        text: the student's text, needed for token ids. A student without a chat template is shown texts.
    """
    replaced = () if layout.form == "ids" else source.consumed
    added: dict[str, Any] = dict.fromkeys(layout.columns, _feature(layout, text))
    if layout.form != "ids":
        if layout.switches:
            added[SWITCHES_COLUMN] = Json()
        if TOOLS_COLUMN in dataset.column_names:
            added[TOOLS_COLUMN] = _TEXT
            replaced = (*replaced, TOOLS_COLUMN)
    kept = {name: feature for name, feature in dataset.features.items() if name not in replaced}

    def written(batch: dict[str, list[Any]]) -> dict[str, list[Any]]:
        rows = [_row(example, layout, text) for example in source.examples(batch)]
        return {name: [row[name] for row in rows] for name in added}

    features = Features({**added, **kept})  # type: ignore[arg-type] # a dict; its `*args` are not annotated
    if not len(dataset):  # `map` would write nothing, and a split without rows would have other columns
        nothing = Dataset.from_dict({name: [] for name in features}, features, split=dataset.split)
        nothing.info.description = dataset.info.description
        return nothing
    return dataset.with_format(None).map(
        written,
        batched=True,
        remove_columns=list(replaced),
        features=features,
        desc="Writing rows for training",
    )


def _feature(layout: Layout, text: StudentText | None) -> Any:
    if layout.form == "ids":
        return List(Value("int32"))
    if text is not None and not text.is_chat:
        return _TEXT
    return List({"role": _TEXT, "content": _TEXT} if layout.is_plain else Json())


def _row(example: Example, layout: Layout, text: StudentText | None) -> dict[str, Any]:
    row = {
        SWITCHES_COLUMN: dict(layout.switches),
        TOOLS_COLUMN: None if example.tools is None else json.dumps(example.tools, ensure_ascii=False),
    }
    if layout.form == "ids":
        assert text is not None
        tokens = text.scored(example)
        masked = [_IGNORED] * len(tokens.prompt)
        return {
            "input_ids": [*tokens.prompt, *tokens.trained],
            "labels": [*masked, *tokens.trained],
        }
    if text is not None and not text.is_chat:
        shown, response, _ = text.texts(example)
        return row | {"prompt": shown, "completion": response}
    prompt, answer = as_messages(example.prompt or ""), answer_of(example)
    if layout.form == "messages":
        return row | {"messages": [*prompt, answer]}
    return row | {"prompt": prompt, "completion": [answer]}
