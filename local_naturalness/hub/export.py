"""The column layouts that TRL's `SFTTrainer` takes, made from prompt and response columns."""

from typing import Literal

from datasets import Dataset, Features, List, Value

from local_naturalness.hub.conversations import is_conversations, last_turn_apart
from local_naturalness.tables import is_prompt_key

Form = Literal["prompt-completion", "messages"] | None
FORMS = ("prompt-completion", "messages", None)

_TEXT = ("string", "large_string")
_WRITTEN = {"prompt-completion": ("prompt", "completion"), "messages": ("messages",)}


def exported(dataset: Dataset, form: Form, *, prompt_column: str, response_column: str) -> Dataset:
    """The dataset with prompt and response in the columns that trainers expect.

    Args:
        dataset: One split. Other columns are kept.
        form: "prompt-completion" writes `prompt` and `completion`: text where prompts are text,
            message lists where prompts are message lists, or where there are conversations in `messages`
            instead of both columns. "messages" writes the whole conversation
            into `messages`. `None` changes nothing, as does a form that the dataset already has.
        prompt_column: Text or a list of `{"role", "content"}` messages.
        response_column: Text.

    Raises:
        ValueError: A column is missing, or another column has a name that the form needs.
        TypeError: A column holds something else.
    """
    if form not in FORMS:
        raise ValueError(f"`export` must be one of {FORMS}, got {form!r}.")
    if form is None:
        return dataset
    columns = dataset.column_names
    is_done = set(_WRITTEN[form]) <= set(columns) and response_column not in columns
    if is_done:
        return dataset
    if is_conversations(dataset, response_column):
        return last_turn_apart(dataset)
    _check_columns(dataset, form, prompt_column, response_column)
    is_chat = not _is_text(dataset, prompt_column)
    if form == "prompt-completion" and not is_chat:
        return _renamed(dataset, {prompt_column: "prompt", response_column: "completion"})
    return _with_messages(dataset, form, prompt_column, response_column)


def _check_columns(dataset: Dataset, form: str, prompt_column: str, response_column: str) -> None:
    columns = dataset.column_names
    if is_prompt_key(prompt_column):
        raise ValueError(
            f"Column {prompt_column!r} tells prompts apart and holds no text to train on: name the column of "
            "the prompts with `prompt_column=...`."
        )
    needed = {"prompt_column": prompt_column, "response_column": response_column}
    for argument, column in needed.items():
        if column not in columns:
            raise ValueError(
                f"Column {column!r} is needed for `export={form!r}` but not there; "
                f"found: {columns}. Name the right one with `{argument}=...`, or pass "
                "`export=None`."
            )
    clashes = [name for name in _WRITTEN[form] if name in columns and name not in needed.values()]
    if clashes:
        raise ValueError(
            f"`export={form!r}` writes the columns {list(_WRITTEN[form])}, but the selection has "
            f"other columns of the names {clashes}: rename them with `dataset.rename_column(...)`."
        )
    if not _is_text(dataset, response_column):
        raise TypeError(_wrong_type(dataset, response_column, "text"))
    if not (_is_text(dataset, prompt_column) or _is_chat(dataset, prompt_column)):
        wanted = 'text or a list of {"role", "content"} messages with text'
        raise TypeError(_wrong_type(dataset, prompt_column, wanted))


def _is_text(dataset: Dataset, column: str) -> bool:
    return getattr(dataset.features[column], "dtype", None) in _TEXT


def _is_chat(dataset: Dataset, column: str) -> bool:
    message = getattr(dataset.features[column], "feature", None)
    return isinstance(message, dict) and all(
        getattr(message.get(key), "dtype", None) in _TEXT for key in ("role", "content")
    )


def _wrong_type(dataset: Dataset, column: str, wanted: str) -> str:
    return (
        f"Column {column!r} must hold {wanted} to be exported, found {dataset.features[column]}. "
        "Convert it, or pass `export=None`."
    )


def _renamed(dataset: Dataset, names: dict[str, str]) -> Dataset:
    return dataset.rename_columns({old: new for old, new in names.items() if old != new})


def _with_messages(dataset: Dataset, form: str, prompt_column: str, response_column: str) -> Dataset:
    given = dataset.features[prompt_column]
    text = Value("string")
    messages = List({"role": text, "content": text}) if _is_text(dataset, prompt_column) else given
    others = {
        name: feature
        for name, feature in dataset.features.items()
        if name not in (prompt_column, response_column)
    }
    written = dict.fromkeys(_WRITTEN[form], messages)
    return dataset.with_format(None).map(
        _conversations,
        fn_kwargs={
            "form": form,
            "prompt_column": prompt_column,
            "response_column": response_column,
        },
        batched=True,
        remove_columns=[prompt_column, response_column],
        features=Features(written | others),
        desc="Writing conversations",
    )


def _conversations(
    batch: dict[str, list], form: str, prompt_column: str, response_column: str
) -> dict[str, list]:
    prompts = [_as_messages(prompt) for prompt in batch[prompt_column]]
    answers = [[{"role": "assistant", "content": response}] for response in batch[response_column]]
    if form == "prompt-completion":
        return {"prompt": prompts, "completion": answers}
    both = zip(prompts, answers, strict=True)
    return {"messages": [prompt + answer for prompt, answer in both]}


def _as_messages(prompt: str | list[dict]) -> list[dict]:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else list(prompt)
