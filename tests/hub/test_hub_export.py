"""The layouts for trainers, compared as whole tables."""

import pytest
from datasets import Dataset, Features, Json, List, Value

from local_naturalness.hub.export import exported

NAMES = {"prompt_column": "prompt", "response_column": "response"}
TEXT = {"id": [1, 2], "prompt": ["p", "q"], "response": ["r", "s"], "teacher": ["a", "b"]}
USER = {"role": "user", "content": "p"}
ANSWER = {"role": "assistant", "content": "r"}
CHAT = {"prompt": [[USER]], "response": ["r"], "teacher": ["a"]}


def table(columns: dict[str, list], form: str | None, **names: str) -> dict[str, list]:
    return exported(Dataset.from_dict(columns), form, **NAMES | names)[:]


def test_text_prompts_become_prompt_and_completion():
    assert table(TEXT, "prompt-completion") == {
        "id": [1, 2],
        "prompt": ["p", "q"],
        "completion": ["r", "s"],
        "teacher": ["a", "b"],
    }


def test_message_prompts_become_conversational_prompt_and_completion():
    assert table(CHAT, "prompt-completion") == {
        "prompt": [[USER]],
        "completion": [[ANSWER]],
        "teacher": ["a"],
    }


def test_text_prompts_become_conversations():
    assert table({"prompt": ["p"], "response": ["r"], "n": [1]}, "messages") == {
        "messages": [[USER, ANSWER]],
        "n": [1],
    }


def test_message_prompts_become_conversations():
    assert table(CHAT, "messages") == {"messages": [[USER, ANSWER]], "teacher": ["a"]}


def test_further_keys_of_messages_are_null_in_the_answer():
    named = {**CHAT, "prompt": [[USER | {"name": "al"}]]}

    assert table(named, "messages")["messages"] == [[USER | {"name": "al"}, ANSWER | {"name": None}]]


def test_none_changes_nothing():
    dataset = Dataset.from_dict(TEXT)

    assert exported(dataset, None, **NAMES) is dataset


@pytest.mark.parametrize("form", ["prompt-completion", "messages"])
def test_a_dataset_in_the_form_already_stays(form):
    dataset = exported(Dataset.from_dict(TEXT), form, **NAMES)

    assert exported(dataset, form, **NAMES) is dataset


def test_columns_of_other_names_are_exported():
    columns = {"question": ["p"], "answer": ["r"]}

    assert table(columns, "prompt-completion", prompt_column="question", response_column="answer") == {
        "prompt": ["p"],
        "completion": ["r"],
    }


def test_no_text_is_copied_for_text_prompts():
    dataset = Dataset.from_dict(TEXT)
    before = dataset.data.column("response").chunk(0).buffers()[2].address

    after = exported(dataset, "prompt-completion", **NAMES).data.column("completion")
    assert after.chunk(0).buffers()[2].address == before


def test_a_formatted_dataset_is_exported_in_full():
    formatted = Dataset.from_dict(TEXT).with_format("numpy", columns=["id"])

    assert exported(formatted, "messages", **NAMES)["messages"][0] == [USER, ANSWER]


@pytest.mark.parametrize("form", ["prompt-completion", "messages"])
def test_a_missing_column_is_named_with_the_remedy(form):
    with pytest.raises(ValueError, match=r"'response' is needed.*\['prompt'\].*response_column="):
        table({"prompt": ["p"]}, form)


@pytest.mark.parametrize(("form", "name"), [("prompt-completion", "completion"), ("messages",) * 2])
def test_a_clash_of_names_is_refused(form, name):
    with pytest.raises(ValueError, match=rf"names \['{name}'\]: rename them"):
        table(TEXT | {name: ["x", "y"]}, form)


@pytest.mark.parametrize(
    "columns",
    [
        {"prompt": [1], "response": ["r"]},
        {"prompt": ["p"], "response": [["r"]]},
        {"prompt": [[{"role": "user", "content": [{"text": "p"}]}]], "response": ["r"]},
        {"prompt": [["p"]], "response": ["r"]},
    ],
)
def test_other_types_are_refused(columns):
    with pytest.raises(TypeError, match=r"must hold text.*or pass `export=None`"):
        table(columns, "messages")


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"`export` must be one of .* got 'alpaca'"):
        table(TEXT, "alpaca")


ASK, CALL, TOLD, REASONED, THANKS = (
    {"role": "user", "content": "2 + 3?"},
    {"role": "assistant", "content": "", "tool_calls": [{"name": "add", "arguments": {"a": 2}}]},
    {"role": "tool", "content": "5"},
    {"role": "assistant", "content": "It is 5.", "reasoning_content": "2 + 3 is 5."},
    {"role": "user", "content": "Thanks."},
)


def test_of_a_conversation_the_turn_that_was_scored_is_the_completion():
    features = Features({"messages": List(Json()), "id": Value("int64")})
    chats = Dataset.from_dict(
        {"messages": [[ASK, CALL, TOLD, REASONED, THANKS], [ASK, REASONED]], "id": [1, 2]}, features
    )
    ready = exported(chats, "prompt-completion", prompt_column="prompt", response_column="response")
    assert ready.to_dict() == {
        "prompt": [[ASK, CALL, TOLD], [ASK]],
        "completion": [[REASONED], [REASONED]],
        "id": [1, 2],
    }
    assert exported(chats, "messages", prompt_column="prompt", response_column="response") is chats


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"messages": [[ASK, REASONED]], "prompt": ["2 + 3?"]}, "another column 'prompt'"),
        ({"messages": [[ASK, REASONED], [ASK]]}, "Row 1 has no assistant turn"),
    ],
)
def test_conversations_that_cannot_be_taken_apart(columns, says):
    with pytest.raises(ValueError, match=says):
        exported(
            Dataset.from_dict(columns),
            "prompt-completion",
            prompt_column="prompt",
            response_column="response",
        )
