"""Every shape that people have becomes the rows that scorers read, in all kinds of datasets."""

import json
import logging
import re

import pytest
from datasets import ClassLabel, Dataset, DatasetDict, Image, IterableDatasetDict, Value

from local_naturalness.shapes import to_rows
from local_naturalness.shapes.to_rows import shaped

QUESTION, ANSWER = {"role": "user", "content": "2 + 3?"}, {"role": "assistant", "content": "It is 5."}
CHAT = [QUESTION, ANSWER]
RULE = {"role": "system", "content": "Be brief."}
SHAREGPT = [{"from": "human", "value": "2 + 3?"}, {"from": "gpt", "value": "It is 5."}]

# Columns of a dataset, columns of the rows, words of the line that tells the shape.
SHAPES = {
    "rows": ({"prompt": ["2 + 3?"], "response": ["5."]}, {"prompt": ["2 + 3?"], "response": ["5."]}, ""),
    "rows of messages": (
        {"prompt": [[QUESTION]], "response": ["5."]},
        {"prompt": [[QUESTION]], "response": ["5."]},
        "",
    ),
    "rows with numbers": (
        {"prompt": ["2 + 3?"], "response": [5]},
        {"prompt": ["2 + 3?"], "response": ["5"]},
        "the numbers of `response` become texts",
    ),
    "rows with prompts as JSON": (
        {"prompt": [json.dumps([QUESTION])], "response": ["5."]},
        {"prompt": [[QUESTION]], "response": ["5."]},
        "`prompt` holds messages as JSON text",
    ),
    "messages": ({"messages": [CHAT, None]}, {"messages": [CHAT, None]}, "Read as messages"),
    "messages as JSON": ({"messages": [json.dumps(CHAT)]}, {"messages": [CHAT]}, "JSON text is parsed"),
    "messages in blocks": (
        {
            "messages": [
                [{"role": t["role"], "content": [{"type": "text", "text": t["content"]}]} for t in CHAT]
            ]
        },
        {"messages": [CHAT]},
        "Read as messages",
    ),
    "sharegpt": ({"conversations": [SHAREGPT]}, {"messages": [CHAT]}, "`conversations` becomes `messages`"),
    "sharegpt with a system column": (
        {"conversations": [SHAREGPT, SHAREGPT], "system": ["Be brief.", None]},
        {"messages": [[RULE, *CHAT], CHAT]},
        "`system` comes first",
    ),
    "sharegpt with tools' answers": (
        {"conversations": [[SHAREGPT[0], {"from": "observation", "value": "5"}, SHAREGPT[1]]]},
        {"messages": [[QUESTION, {"role": "tool", "content": "5"}, ANSWER]]},
        "Read as ShareGPT",
    ),
    "answers as objects": (
        {
            "instruction": ["2 + 3?", "4 + 4?"],
            "id": [7, 8],
            "completions": [
                [
                    {"model": "small", "response": "5.", "id": 1},
                    {"model": "large", "response": None, "id": 2},
                ],
                None,
            ],
        },
        {
            "prompt": ["2 + 3?", "2 + 3?", "4 + 4?"],
            "id": [7, 7, 8],
            "teacher": ["small", "large", None],
            "response": ["5.", None, None],
            "completions_id": [1, 2, None],
        },
        "`model` becomes `teacher`",
    ),
    "answers by teacher": (
        {
            "prompt": ["2 + 3?", "4 + 4?"],
            "responses": [{"small": "5.", "large": "2 + 3 = 5."}, {"small": None, "large": "8."}],
        },
        {
            "prompt": ["2 + 3?", "2 + 3?", "4 + 4?"],
            "response": ["5.", "2 + 3 = 5.", "8."],
            "teacher": ["small", "large", "large"],
        },
        "an answer of each teacher",
    ),
    "trl": (
        {"prompt": ["2 + 3?"], "completion": ["5."]},
        {"prompt": ["2 + 3?"], "response": ["5."]},
        "`completion` becomes `response`",
    ),
    "trl with messages": (
        {"prompt": [[QUESTION]], "completion": [[ANSWER]]},
        {"messages": [CHAT]},
        "`prompt` and `completion` become `messages`",
    ),
    "alpaca": (
        {"instruction": ["Add.", "Sum?"], "input": ["2 and 3", ""], "output": ["5.", "6."]},
        {"prompt": ["Add.\n2 and 3", "Sum?"], "response": ["5.", "6."]},
        "Read as Alpaca",
    ),
    "alpaca with history": (
        {
            "instruction": ["Sum?"],
            "output": ["6."],
            "system": ["Be brief."],
            "history": [[["2 + 3?", "It is 5."]]],
        },
        {"prompt": [[RULE, *CHAT, {"role": "user", "content": "Sum?"}]], "response": ["6."]},
        "Read as Alpaca",
    ),
    "openr1": (
        {
            "problem": ["2 + 3?", "4 + 4?"],
            "generations": [["5.", "6."], ["8."]],
            "is_correct": [[True, False], None],
            "messages": [CHAT, CHAT],
            "tags": [["sum"], ["sum", "even"]],
        },
        {
            "prompt": ["2 + 3?", "2 + 3?", "4 + 4?"],
            "response": ["5.", "6.", "8."],
            "is_correct": [True, False, None],
            "messages": [CHAT] * 3,
            "tags": [["sum"], ["sum"], ["sum", "even"]],
        },
        "each item of `generations` becomes a row, with that of `is_correct`; `problem` becomes `prompt`; "
        "no column names the teacher",
    ),
    "lists with models": (
        {"prompt": ["2 + 3?"], "responses": [["5.", "6."]], "model": [["a", "b"]]},
        {"prompt": ["2 + 3?"] * 2, "response": ["5.", "6."], "teacher": ["a", "b"]},
        "`model` becomes `teacher`",
    ),
}

# Where rows have several answers: which row each answer comes from.
EXPLODED = {
    "openr1": [0, 0, 1],
    "lists with models": [0, 0],
    "answers as objects": [0, 0, 1],
    "answers by teacher": [0, 0, 1],
}


def rows_of(dataset):
    rows = list(dataset)
    return {name: [row[name] for row in rows] for name in rows[0]}


@pytest.mark.parametrize("kind", ["dataset", "stream", "dict", "dict of streams"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_becomes_rows(shape, kind, caplog):
    columns, expected, told = SHAPES[shape]
    number = list(range(len(next(iter(columns.values())))))
    dataset = Dataset.from_dict(columns | {"number": number})
    if "stream" in kind:
        dataset = dataset.to_iterable_dataset()
    if "dict" in kind:
        many = IterableDatasetDict if "stream" in kind else DatasetDict
        dataset = to_rows(many({"train": dataset}))["train"]
    else:
        dataset = to_rows(dataset)
    found = rows_of(dataset)
    assert found.pop("number") == EXPLODED.get(shape, number)
    assert found == expected
    assert told in caplog.text
    assert bool(told) == bool(caplog.text)


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_are_rows_already(shape, caplog):
    rows = to_rows(Dataset.from_dict(SHAPES[shape][0]))
    again = to_rows(rows)
    assert again.to_dict() == rows.to_dict()
    assert again.features == rows.features


def test_wide_tables():
    wide = {"question": ["2 + 3?", "4 + 4?"], "a": ["5.", None], "b": ["6.", "8."], "id": [1, 2]}
    rows = to_rows(Dataset.from_dict(wide), teacher_columns=["a", "b"])
    assert rows.to_dict() == {
        "prompt": ["2 + 3?", "2 + 3?", "4 + 4?", "4 + 4?"],
        "id": [1, 1, 2, 2],
        "teacher": ["a", "b", "a", "b"],
        "response": ["5.", "6.", None, "8."],
    }


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("as_json", [False, True])
def test_pairs_of_conversations(is_stream, as_json):
    """With the prompt in each, or with turns that follow a column of prompts."""
    other = {**ANSWER, "content": "Five.", "reasoning_content": "We guess."}
    whole = {"prompt": "2 + 3?", "chosen": CHAT, "rejected": [QUESTION, other]}
    turns = {"prompt": [QUESTION], "chosen": [ANSWER], "rejected": [other]}
    for row in (whole, {**whole, "prompt": None}, turns):
        cells = {k: json.dumps(v) if as_json and k != "prompt" else v for k, v in row.items()}
        dataset = Dataset.from_list([{k: v for k, v in cells.items() if v is not None}] * 2)
        dataset = dataset.to_iterable_dataset() if is_stream else dataset
        rows = list(to_rows(dataset, teacher_columns=["chosen", "rejected"]))
        assert [row["teacher"] for row in rows] == ["chosen", "rejected"] * 2
        messages = [[{k: v for k, v in m.items() if v is not None} for m in row["messages"]] for row in rows]
        assert messages == [CHAT, [QUESTION, other]] * 2


def test_responses_that_are_messages_as_json():
    rows = to_rows(Dataset.from_dict({"prompt": ["2 + 3?"], "response": [json.dumps([ANSWER])]}))
    assert rows["messages"][:] == [CHAT]


def test_what_was_named_counts():
    columns = {"q": ["2 + 3?"], "a": ["5."], "n": [["5.", "6."]], "chat": [CHAT], "messages": [CHAT]}
    dataset = Dataset.from_dict(columns)
    assert to_rows(dataset, prompt_column="q", response_column="a").to_dict() == columns
    assert to_rows(dataset, prompt_column="q", response_column="n")["response"][:] == ["5.", "6."]
    assert to_rows(dataset, messages_column="chat").to_dict() == columns
    openr1 = Dataset.from_dict(SHAPES["openr1"][0])
    assert to_rows(openr1, shape="messages").to_dict() == openr1.to_dict()


def test_fields_of_messages_are_kept():
    call = {"role": "assistant", "content": "", "tool_calls": [{"name": "add", "arguments": {"a": 2}}]}
    answer = {"role": "assistant", "content": "5.", "reasoning_content": "2 + 3 is 5."}
    chat = [QUESTION, call, {"role": "tool", "content": "5", "name": "add"}, answer]
    assert to_rows(Dataset.from_dict({"messages": [json.dumps(chat)]}))["messages"][0] == chat
    dataset = Dataset.from_dict({"prompt": [[QUESTION]], "completion": [[answer]]})
    (messages,) = to_rows(dataset)["messages"]
    assert messages[1] == answer


def test_types_of_other_columns_are_kept_and_images_not_decoded():
    image = {"bytes": b"no image", "path": None}
    dataset = Dataset.from_dict({"prompt": ["q"], "responses": [["a", "b"]], "level": [0], "image": [image]})
    dataset = dataset.cast_column("level", ClassLabel(names=["easy", "hard"])).cast_column("image", Image())
    rows = to_rows(dataset)
    assert rows.features["level"] == ClassLabel(names=["easy", "hard"])
    assert rows.features["image"] == Image()
    assert rows.cast_column("image", Image(decode=False))["image"][:] == [image, image]


def test_columns_of_nulls_keep_their_type():
    rows = to_rows(Dataset.from_dict({"conversations": [None, SHAREGPT]}).select([0, 0]))
    assert rows["messages"][:] == [None, None]
    assert rows.features["messages"].feature == {"role": Value("string"), "content": Value("string")}


@pytest.mark.parametrize(
    ("columns", "named", "says"),
    [
        ({"text": ["a"]}, {}, "No shape is recognised in the columns 'text'"),
        ({"text": ["a"]}, {"shape": "csv"}, "must be one of rows, messages"),
        ({"text": ["a"]}, {"shape": "alpaca"}, "cannot be read as 'alpaca': its columns are 'text'"),
        ({"messages": [CHAT]}, {"response_column": "answer"}, "No shape is recognised"),
        ({"prompt": ["q"], "a": ["x"]}, {"teacher_columns": ["a", "b"]}, "names 'b'; the columns are"),
        ({"topic": ["q"], "a": ["x"]}, {"teacher_columns": ["a"]}, "Which column holds the prompts"),
        (
            {"prompt": ["q"], "a": [["x"]]},
            {"teacher_columns": ["a"]},
            "'a' must hold texts, found lists of texts",
        ),
        (
            {"prompt": ["q"], "completion": ["a"], "response": ["b"]},
            {"shape": "prompt-completion"},
            "already has another column 'response'",
        ),
        (
            {"prompt": [[QUESTION]], "completion": [CHAT]},
            {},
            "must hold one message of the assistant, found 'user'",
        ),
    ],
)
def test_what_is_refused(columns, named, says):
    with pytest.raises(ValueError, match=says):
        to_rows(Dataset.from_dict(columns), **named)


def test_the_line_is_logged_once(caplog):
    with caplog.at_level(logging.INFO):
        to_rows(Dataset.from_dict({"messages": [CHAT]}))
    assert [record.message for record in caplog.records] == [
        "Read as messages: the last assistant turn is the response."
    ]


def test_damaged_conversations_among_json_texts():
    good = json.dumps(CHAT)
    assert to_rows(Dataset.from_dict({"messages": [good, "", None]}))["messages"][:] == [CHAT, None, None]
    with pytest.raises(TypeError, match="must hold lists of messages, found str 'hello'"):
        to_rows(Dataset.from_dict({"messages": [good, "hello"]}))


def test_a_column_of_reasoning_is_not_left_out_in_silence(caplog):
    columns = {"prompt": ["2 + 3?"], "response": ["5."], "reasoning": ["We add."], "reasoning_tokens": [3]}
    assert to_rows(Dataset.from_dict(columns)).to_dict() == columns
    assert [record.message[:39] for record in caplog.records] == [
        "The column `reasoning` is not scored. If"[:39]
    ]
    caplog.clear()
    to_rows(Dataset.from_dict(columns), prompt_column="prompt", response_column="reasoning")
    assert not caplog.records


def test_parts_of_one_answer_are_no_teachers():
    parts = Dataset.from_dict(
        {"prompt": ["2 + 3?"], "responses": [{"reasoning": "2 and 3.", "answer": "5."}]}
    )
    with pytest.raises(ValueError, match="No shape is recognised"):
        to_rows(parts)
    one = Dataset.from_dict({"prompt": ["2 + 3?"], "response": [{"steps": "2 and 3.", "final": "5."}]})
    with pytest.raises(ValueError, match="No shape is recognised"):
        to_rows(one)


def test_keys_do_not_replace_a_column_of_teachers():
    both = {"prompt": ["2 + 3?"], "responses": [{"small": "5.", "large": "It is 5."}], "teacher": ["me"]}
    with pytest.raises(ValueError, match="there is already a column 'teacher'"):
        to_rows(Dataset.from_dict(both))


def test_system_prompts_that_are_not_read_are_told(caplog):
    rows = {"prompt": ["2 + 3?"], "response": ["5."]}
    to_rows(Dataset.from_dict({**rows, "system": ["Be brief."]}))
    assert "The column `system` is not part of the prompts" in caplog.text
    caplog.clear()
    to_rows(Dataset.from_dict({**rows, "system": [""]}))
    to_rows(Dataset.from_dict({"messages": [[RULE, *CHAT]], "system": ["Be brief."]}))
    to_rows(Dataset.from_dict({"conversations": [SHAREGPT], "system": ["Be brief."]}))
    assert "not part of the prompts" not in caplog.text


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("context", "Numbers.", "The column `context` is not part of the prompts. If the teachers saw it"),
        ("prev_messages", [QUESTION], "The column `prev_messages` is not part of the prompts"),
        ("input", "2 and 3", "The column `input` is not part of the prompts"),
        ("rejected", "6.", "`chosen` and `rejected` are not scored. To score both answers, pass `teacher"),
        (
            "chat_template_kwargs",
            {"enable_thinking": True, "tools": None},
            'Those of the first row are passed as `chat_template_kwargs={"enable_thinking": true}`',
        ),
    ],
)
def test_what_teachers_may_have_seen_is_told(name, value, says, caplog):
    row = {"prompt": "2 + 3?", "response": "5."}
    other = {"chosen": "5."} if name == "rejected" else {}
    to_rows(Dataset.from_list([row | other | {name: value}, row | other | {name: None}]))
    assert says in caplog.text
    caplog.clear()
    to_rows(Dataset.from_list([row | {name: None}]))
    assert not caplog.records


@pytest.mark.parametrize(
    ("value", "passed", "is_told"),
    [
        ({"enable_thinking": True}, {"enable_thinking": True, "more": 1}, False),
        ('{"enable_thinking": true}', {"enable_thinking": True}, False),
        ('{"enable_thinking": true}', None, True),
        ({"enable_thinking": True}, {"enable_thinking": False}, True),
        ({"enable_thinking": True}, {}, True),
    ],
)
def test_variables_that_the_scorer_is_given_are_not_told(value, passed, is_told, caplog):
    rows = [{"prompt": "2 + 3?", "response": "5.", "chat_template_kwargs": one} for one in (value, None)]
    shaped(Dataset.from_list(rows), switches=passed)
    assert ("are passed as `chat_template_kwargs=" in caplog.text) is is_told


@pytest.mark.parametrize("name", ["model", "source_model", "generator", "generated_by", "LLM"])
def test_a_column_that_may_name_the_teacher_is_told(name, caplog):
    row = {"prompt": "2 + 3?", "response": "5.", name: "small"}
    to_rows(Dataset.from_list([row]))
    assert f"There is no column `teacher`. If `{name}` names the teachers" in caplog.text
    caplog.clear()
    to_rows(Dataset.from_list([row | {"teacher": "me"}]))
    to_rows(Dataset.from_list([{"prompt": "2?", "response": "5.", "reward_model": "a", "model": 3}]))
    assert not caplog.records


@pytest.mark.parametrize("name", ["dialogue", "dialog", "chat", "turns", "trace"])
@pytest.mark.parametrize("value", [CHAT, SHAREGPT, json.dumps(CHAT), [*CHAT, QUESTION]])
def test_conversations_under_another_name_are_told_with_the_argument(name, value):
    dataset = Dataset.from_dict({"id": ["a"], name: [value]})
    advice = f"call `to_rows` of `local_naturalness.shapes` with `messages_column='{name}'`"
    with pytest.raises(ValueError, match=re.escape(advice)):
        to_rows(dataset)
    read = to_rows(dataset, messages_column=name)
    (messages,) = read[name if value in (CHAT, [*CHAT, QUESTION]) else "messages"]
    assert messages[:2] == CHAT


TOOL = {"role": "tool", "content": "5"}


@pytest.mark.parametrize(
    ("chat", "says"),
    [
        ([QUESTION], "All conversations end with a question, so there is no response."),
        ([*CHAT, QUESTION], "whose answer is not among the messages. The assistant turns before it can be"),
        ([*CHAT, TOOL], None),
        (CHAT, None),
    ],
)
def test_conversations_that_end_with_a_question(chat, says, caplog):
    to_rows(Dataset.from_dict({"messages": [chat]}))
    assert says in caplog.text if says else "question" not in caplog.text


def test_reasoning_beside_answers_is_told(caplog):
    answers = [[{"text": "5.", "reasoning": "2 and 3."}, {"text": "6.", "reasoning": "2 and 4."}]]
    to_rows(Dataset.from_dict({"prompt": ["2 + 3?"], "responses": answers}))
    assert "The column `reasoning` is not scored" in caplog.text


def test_reasoning_in_blocks():
    question = {"role": "user", "content": [{"type": "text", "text": "2 + 3?"}]}
    blocks = [{"type": "thinking", "thinking": "2 and 3."}, {"type": "text", "text": "It is 5."}]
    chats = Dataset.from_dict({"messages": [[question, {"role": "assistant", "content": blocks}]]})
    assert to_rows(chats)["messages"][0] == [
        {**QUESTION, "reasoning_content": None},
        {**ANSWER, "reasoning_content": "2 and 3."},
    ]
