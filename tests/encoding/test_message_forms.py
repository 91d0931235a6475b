"""Messages in the forms in which people have them give the scores of plain ones."""

import json

import pytest

from local_naturalness import LocalScorer
from local_naturalness.embedded import student_path
from local_naturalness.encoding.conversation import Answer
from local_naturalness.encoding.messages import messages_from_json, read_conversation, read_messages

PLAIN = [{"role": "user", "content": "What is 2 + 3?"}, {"role": "assistant", "content": "We add. It is 5."}]
FORMS = {
    "sharegpt": [
        {"from": "human", "value": PLAIN[0]["content"]},
        {"from": "gpt", "value": PLAIN[1]["content"]},
    ],
    "gpt": [PLAIN[0], {"role": "gpt", "content": PLAIN[1]["content"]}],
    "blocks": [
        {"role": turn["role"], "content": [{"type": "text", "text": turn["content"], "image": None}]}
        for turn in PLAIN
    ],
    "several blocks": [
        PLAIN[0],
        {"role": "assistant", "content": [{"type": "text", "text": t} for t in ("We add.", " It is 5.")]},
    ],
}


@pytest.fixture(scope="module")
def scorer():
    return LocalScorer(student_path(), messages_column="messages")


@pytest.mark.parametrize("form", FORMS)
def test_other_forms_score_like_plain_messages(form, scorer):
    assert scorer({"messages": FORMS[form]}) == scorer({"messages": PLAIN})


def test_prompts_are_read_like_conversations():
    scorer = LocalScorer(student_path())
    scores = [scorer({"prompt": form[:1], "response": "It is 5."}) for form in (PLAIN, *FORMS.values())]
    assert scores[1:] == scores[:1] * len(FORMS)


@pytest.mark.parametrize(
    "thought", ["We add.", [{"type": "text", "text": "We add."}]], ids=["text", "blocks"]
)
def test_blocks_of_reasoning_are_the_reasoning(thought):
    blocks = [{"type": "thinking", "thinking": thought, "text": None}, {"type": "text", "text": "It is 5."}]
    read = read_messages([{"role": "assistant", "content": blocks}], "c")
    assert read == [{"role": "assistant", "content": "It is 5.", "reasoning_content": "We add."}]
    with pytest.raises(TypeError, match="content of type 'thinking'"):
        read_messages([{"role": "assistant", "content": blocks[::-1]}], "c")


def test_observations_are_what_tools_say_and_other_fields_stay():
    message = {"from": "observation", "value": "5", "name": "sum"}
    assert read_messages([message], "c") == [{"role": "tool", "content": "5", "name": "sum"}]


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        (json.dumps(PLAIN), "'m' holds messages as JSON text"),
        ([{"from": "function_call", "value": "{}"}], "a turn with the role 'function_call'"),
        ("Hi", "'m' must hold lists of messages, found str 'Hi'"),
        ([{"role": "user"}], "lists of messages with 'role' and 'content', found list"),
        ([{"role": "user", "content": [{"type": "image", "text": None}]}], "content of type 'image'"),
        ([{"role": "user", "content": [3]}], "a list of blocks"),
        (
            [PLAIN[0], {"role": "teacher", "content": "5"}],
            "its roles are 'teacher', 'user'",
        ),
    ],
)
def test_what_cannot_be_read_is_named(messages, says):
    with pytest.raises(TypeError, match=says):
        read_conversation(messages, "m")


@pytest.mark.parametrize("text", [None, "What?", "[1, 2]", "[", "[" * 100_000, "[]", '{"role": "user"}'])
def test_texts_that_are_no_messages(text):
    assert messages_from_json(text) is None


@pytest.mark.parametrize("role", ["Human", "USER", "human", "User"])
@pytest.mark.parametrize("answerer", ["Assistant", "GPT", "bing", "AI"])
def test_roles_are_known_in_any_case(role, answerer):
    turns = [{"from": role, "value": "Hi"}, {"from": answerer, "value": "5."}]
    assert [message["role"] for message in read_messages(turns, "chats")] == ["user", "assistant"]


@pytest.mark.parametrize(
    ("field", "value", "is_refused"),
    [
        ("cot", "First add.", True),
        ("thinking_content", "First add.", True),
        ("Complex_CoT", "First add.", True),
        ("thinking_trajectory", "First add.", True),
        ("Reasoning", "First add.", True),
        ("reasoning_details", [{"text": "First add."}], True),
        ("rationale", "", False),
        ("finish_reason", "stop", False),
        ("reasoning_effort", "high", False),
        ("reasoning_tokens", 12, False),
        ("thinking_signature", "x9", False),
        ("weight", 1, False),
    ],
)
def test_reasoning_under_other_names_is_never_left_out(field, value, is_refused):
    message = {"role": "assistant", "content": "5.", field: value}
    if not is_refused:
        assert Answer.of(message).content == "5."
        return
    with pytest.raises(TypeError, match=f"`{field}`, which would be left out"):
        Answer.of(message)
    assert Answer.of(message | {"reasoning_content": "First add."}).reasoning == "First add."


@pytest.mark.parametrize("field", ["info", "meta"])
def test_reasoning_in_an_object_of_a_message(field):
    told = {field: {"source": "s", "think_content": "First\nadd.", "answer_content": "5."}}
    with pytest.raises(TypeError, match=f"`{field}.think_content`, which would be left out"):
        Answer.of({"role": "assistant", "content": "5.", **told})
    repeated = "<think>\nFirst add.\n</think>\n\n5."
    assert Answer.of({"role": "assistant", "content": repeated, **told}).content == repeated


@pytest.mark.parametrize("key", ["reasoning_content", "reasoning", "thinking"])
def test_reasoning_that_is_stored_twice_is_scored_once(key, scorer):
    content = "<think>\nWe add.\n</think>\n\nIt is 5."
    once, twice = ({"role": "assistant", "content": content, **more} for more in ({}, {key: " We add.\n"}))
    assert scorer({"messages": [PLAIN[0], twice]}) == scorer({"messages": [PLAIN[0], once]})
    with pytest.raises(TypeError, match="has `thinking`, which would be left out"):
        Answer.of({"role": "assistant", "content": "5.", "reasoning": "We add.", "thinking": "We guess."})
    other = {**once, key: "We guess."}
    assert read_messages([other], "c") == [other]
