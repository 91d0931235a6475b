"""The layouts for trainers, compared as whole tables, where no student is at hand."""

import itertools

import pytest
from datasets import Dataset, DatasetDict, Features, Json, List, Value

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.encoding.examples import Example
from local_naturalness.encoding.prompt_key import prompt_key
from local_naturalness.selection import export
from local_naturalness.training import preview

TEXT = {"id": [1, 2], "prompt": ["p", "q"], "response": ["r", "s"], "teacher": ["a", "b"]}
USER = {"role": "user", "content": "p"}
ANSWER = {"role": "assistant", "content": "r"}
CHAT = {"prompt": [[USER]], "response": ["r"], "teacher": ["a"]}


def table(columns, form, **names):
    return export(Dataset.from_dict(columns), form, **names).to_dict()


@pytest.mark.parametrize("form", ["trl", "prompt-completion"])
@pytest.mark.parametrize("prompt", ["p", [USER]], ids=["text", "messages"])
def test_prompts_become_messages_that_a_template_can_show(form, prompt):
    assert table({"prompt": [prompt], "response": ["r"], "teacher": ["a"]}, form) == {
        "prompt": [[USER]],
        "completion": [[ANSWER]],
        "teacher": ["a"],
    }


@pytest.mark.parametrize("prompt", ["p", [USER]], ids=["text", "messages"])
def test_prompts_become_conversations(prompt):
    assert table({"prompt": [prompt], "response": ["r"], "n": [1]}, "messages") == {
        "messages": [[USER, ANSWER]],
        "n": [1],
    }


def test_fields_that_only_some_messages_have_are_not_filled_with_nulls():
    named = {**CHAT, "prompt": [[USER | {"name": "al"}]]}

    assert table(named, "messages")["messages"] == [[USER | {"name": "al"}, ANSWER]]


def test_none_changes_nothing():
    dataset = Dataset.from_dict(TEXT)

    assert export(dataset, None) is dataset


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages"])
def test_exporting_twice_is_exporting_once(form):
    once = export(Dataset.from_dict(TEXT), form)

    assert export(once, form).to_dict() == once.to_dict()


def test_columns_of_other_names_are_exported():
    columns = {"question": ["p"], "answer": ["r"]}

    assert table(columns, "trl", prompt_column="question", response_column="answer") == {
        "prompt": [[USER]],
        "completion": [[ANSWER]],
    }


def test_a_formatted_dataset_is_exported_in_full():
    formatted = Dataset.from_dict(TEXT).with_format("numpy", columns=["id"])

    assert export(formatted, "messages")["messages"][0] == [USER, ANSWER]


def test_all_splits_have_one_layout():
    splits = DatasetDict(train=Dataset.from_dict(TEXT), test=Dataset.from_dict(TEXT))

    ready = export(splits, "trl")
    assert ready["train"].features == ready["test"].features
    assert ready["test"]["completion"][0] == [ANSWER]


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages"])
def test_a_missing_column_is_named_with_the_remedy(form):
    with pytest.raises(ValueError, match=r"'response' is needed.*\['prompt'\].*response_column="):
        table({"prompt": ["p"]}, form)


OTHERS = (
    "messages conversations text chosen rejected instruction input output history system input_ids labels "
    "tools chat_template_kwargs completion"
).split()


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages"])
@pytest.mark.parametrize("name", [name for name in OTHERS if name != "tools"])
def test_no_other_column_can_be_trained_on(form, name, caplog):
    ready = export(Dataset.from_dict(TEXT | {name: ["wrong", "wrong"]}), form)
    written = ["messages"] if form == "messages" else ["prompt", "completion"]
    assert set(ready.column_names) & {*OTHERS, "prompt"} == set(written)
    assert ready[f"source_{name}"][:] == ["wrong", "wrong"] and "wrong" not in preview(ready)
    assert caplog.text.count(f"`{name}` is now `source_{name}`") == 1
    assert export(ready, form).to_dict() == ready.to_dict()


def test_two_texts_to_train_on_are_refused():
    """Of a table that somebody else wrote, nobody knows which one was scored."""
    with pytest.raises(ValueError, match="`prompt` and `completion`, and `messages` besides"):
        table({"prompt": ["p"], "completion": ["r"], "messages": [[USER, ANSWER]]}, "trl")


def test_token_ids_of_somebody_else_are_no_export(caplog):
    """They are compared with the texts; without a student, a warning says that they were not."""
    foreign = TEXT | {"input_ids": [[1], [2]], "labels": [[1], [2]]}
    ready = export(Dataset.from_dict(foreign), "trl", student=student_path())
    assert {"source_input_ids", "source_labels", "completion"} <= set(ready.column_names)
    assert export(Dataset.from_dict(foreign), "trl").to_dict() == foreign
    assert "Without the student, it is not known" in caplog.text


@pytest.mark.parametrize(
    "columns",
    [
        {"prompt": [1], "response": ["r"]},
        {"prompt": ["p"], "response": [["r"]]},
        {"prompt": [["p"]], "response": ["r"]},
    ],
)
def test_other_types_are_refused(columns):
    with pytest.raises(TypeError, match="must hold texts"):
        table(columns, "messages")


@pytest.mark.parametrize("form", ["trl", "prompt-completion", "messages"])
def test_a_split_without_rows_has_the_columns_of_the_others(form):
    rows = Dataset.from_dict(TEXT)
    ready = export(DatasetDict(none=rows.select([]), some=rows), form, student=student_path())
    assert ready["none"].features == ready["some"].features
    assert len(ready["none"]) == 0


@pytest.mark.parametrize("dataset", [Dataset.from_dict(TEXT).to_iterable_dataset(), [TEXT]])
def test_a_stream_is_refused(dataset):
    with pytest.raises(TypeError, match="needs a Dataset or a DatasetDict, got"):
        export(dataset)


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match=r"`export` must be one of .* got 'alpaca'"):
        table(TEXT, "alpaca")


SHAPES = {
    "sharegpt": {"conversations": [[{"from": "human", "value": "p"}, {"from": "gpt", "value": "r"}]]},
    "trl": {"prompt": ["p"], "completion": ["r"]},
    "trl of messages": {"prompt": [[USER]], "completion": [[ANSWER]]},
    "alpaca": {"instruction": ["p"], "input": [""], "output": ["r"]},
    "blocks": {
        "messages": [
            [{**turn, "content": [{"type": "text", "text": turn["content"]}]} for turn in (USER, ANSWER)]
        ]
    },
}


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_that_scorers_read_are_exported(shape):
    assert table(SHAPES[shape] | {"id": [7]}, "trl") == {
        "prompt": [[USER]],
        "completion": [[ANSWER]],
        "id": [7],
    }


@pytest.mark.parametrize(
    ("columns", "names", "says"),
    [
        ({"prompt": ["p", "q"], "response": ["r", " \n"]}, {}, "Row 1 has an empty response"),
        ({"prompt": ["p", "q"], "response": ["r", None]}, {}, "Row 1 has no response"),
        ({"prompt": ["p", None], "response": ["r", "s"]}, {}, "Row 1 has no prompt"),
        ({"messages": [[USER, ANSWER], [USER]]}, {}, "Row 1 has no response"),
        ({"prompt": ["p", "q", "p"], "response": ["r", "s", "r "]}, {}, "Rows 0 and 2 are the same response"),
        ({"messages": [[USER, ANSWER], [USER, ANSWER]]}, {}, "Rows 0 and 1 are the same response"),
        (
            {"prompt_id": ["gsm8k-test-0758", "math/12"], "response": ["r", "s"]},
            {"prompt_column": "prompt_id"},
            "The prompts are ids, .*'gsm8k-test-0758' in row 0",
        ),
        (
            {"prompt": [[{"role": "user", "content": "0f" * 16}]], "response": ["r"]},
            {},
            "The prompts are ids",
        ),
        (
            {"prompt_key": ["0f" * 16], "response": ["r"]},
            {"prompt_column": "prompt_key"},
            "identifies prompts and holds no text",
        ),
    ],
)
@pytest.mark.parametrize("form", ["trl", "messages"])
def test_what_cannot_train_is_refused_with_its_row(columns, names, says, form):
    with pytest.raises(ValueError, match=says):
        table(columns, form, **names)


@pytest.mark.parametrize(
    "prompts", [["1+1=", "2^10"], ["What is x2?", "gsm8k-1"], ["你好吗2"], ["p"], ["12 + 30?"], ["7"]]
)
def test_short_prompts_are_no_ids(prompts):
    responses = ["r"] * len(prompts)
    assert len(table({"prompt": prompts, "response": responses}, "trl")["prompt"]) == len(prompts)


def test_the_split_of_a_row_is_told():
    splits = DatasetDict(
        train=Dataset.from_dict(TEXT), test=Dataset.from_dict(TEXT | {"response": ["r", ""]})
    )
    with pytest.raises(ValueError, match="Row 1 of split 'test' has an empty response"):
        export(splits, "trl")


def test_the_preview_shows_the_first_row():
    told = preview(export(Dataset.from_dict(TEXT), "trl"))
    assert told == 'prompt (user): "p"\ncompletion (assistant): "r"'


ASK, CALL, TOLD, REASONED, THANKS = (
    {"role": "user", "content": "2 + 3?"},
    {"role": "assistant", "content": "", "tool_calls": [{"name": "add", "arguments": {"a": 2}}]},
    {"role": "tool", "content": "5"},
    {"role": "assistant", "content": "It is 5.", "reasoning_content": "2 + 3 is 5."},
    {"role": "user", "content": "Thanks."},
)


def test_of_a_conversation_the_turn_that_was_scored_is_the_completion(caplog):
    features = Features({"messages": List(Json()), "id": Value("int64")})
    chats = Dataset.from_dict(
        {"messages": [[ASK, CALL, TOLD, REASONED, THANKS], [ASK, REASONED]], "id": [1, 2]}, features
    )
    assert export(chats, "trl").to_dict() == {
        "prompt": [[ASK, CALL, TOLD], [ASK]],
        "completion": [[REASONED], [REASONED]],
        "id": [1, 2],
    }
    # Nothing behind the turn that was scored is trained on; that turns before it are, is told.
    assert export(chats, "messages")["messages"][0] == [ASK, CALL, TOLD, REASONED]
    assert "In 1 conversation there are earlier turns" in caplog.text
    assert "In 1 of 2 rows, such as row 0, the conversation continues" in caplog.text


def test_nulls_that_arrow_filled_in_are_not_written(tmp_path):
    """`arguments` of other rows must not reach this row's call, in memory or behind a Parquet file."""
    other = CALL | {"tool_calls": [{"name": "sub", "arguments": {"b": 1}}]}
    chats = Dataset.from_list([{"messages": [ASK, call]} for call in (CALL, other)])
    ready = export(chats, "trl")
    ready.to_parquet(tmp_path / "ready.parquet")
    for dataset in (ready, Dataset.from_parquet(str(tmp_path / "ready.parquet"))):
        assert dataset["completion"][:] == [[CALL], [other]]


def test_tools_become_texts_and_switches_a_column():
    spec = 'student=me/s@01; scorer=local; chat_template_kwargs={"enable_thinking":true}; id=1'
    tools = [{"type": "function", "function": {"name": "add"}}]
    ready = table(CHAT | {"tools": [tools], "local_naturalness_spec": [spec]}, "trl")
    assert ready["tools"] == ['[{"type": "function", "function": {"name": "add"}}]']
    assert ready["chat_template_kwargs"] == [{"enable_thinking": True}]


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ("prompt_template=0a1b2c3d", "pass the scorer as `student=`"),
        ("splitter=turn/2", "All assistant turns of these conversations were scored"),
    ],
)
def test_what_a_trainer_cannot_show_is_refused(settings, says):
    spec = f"student=me/s@01; scorer=local; {settings}; id=1"
    with pytest.raises(ValueError, match=says):
        table(CHAT | {"local_naturalness_spec": [spec]}, "trl")


def scored(columns, prompts):
    """Rows with what scorers write: a spec, and the keys of prompts."""
    spec = "student=me/s@01; scorer=local; id=1"
    keys = [prompt_key(Example(prompt, "")) for prompt in prompts]
    size = len(prompts)
    return Dataset.from_dict(columns | {"local_naturalness_spec": [spec] * size, "prompt_key": keys})


def test_the_column_that_was_scored_is_the_one_that_trains():
    """Whatever stands in `prompt`, and whatever rows were grouped by."""
    columns = {"prompt": ["p-1", "p-2"], "question": ["Sum?", "Product?"], "answer": ["It is 5.", "It is 6."]}
    ready = export(scored(columns, columns["question"]), "messages", response_column="answer")
    assert [row[0]["content"] for row in ready["messages"]] == columns["question"]
    assert ready["source_prompt"][:] == columns["prompt"]


def test_conversations_of_any_name_are_found():
    chats = {"id": [1], "dialogue": [[ASK, REASONED]]}
    ready = export(scored(chats, [[ASK]]), "messages")
    assert ready["messages"][0] == [ASK, REASONED]


def test_prompts_that_were_changed_after_scoring_are_refused():
    columns = {"prompt": ["Sum?", "Product?"], "response": ["It is 5.", "It is 6."]}
    with pytest.raises(ValueError, match="The prompt of row 1 is not the one that was scored"):
        export(scored(columns, ["Sum?", "Difference?"]), "trl")


def test_responses_that_were_changed_after_scoring_are_refused():
    """Also if the number of tokens is the same, and if the tokenizer of the student is not known."""
    student = Student(student_path())
    rows = Dataset.from_dict(
        {"prompt": ["p", "q"], "response": ["It is 5.", None], "other": ["So it is.", "x"]}
    )
    rows = rows.map(LocalScorer(student), batched=True)
    assert rows["response_key"][1] is None
    rows = rows.select([0])
    assert len(export(rows, "trl", student=student)) == 1
    for other in ("It is 5. I think.", "It is 6."):
        changed = rows.map(lambda row, other=other: {"response": other})
        for form, known in itertools.product(("trl", "prompt-completion", "messages"), (student, None)):
            with pytest.raises(ValueError, match=r"response of row 0 is not the one .* `response_key` shows"):
                export(changed, form, student=known)
    with pytest.raises(ValueError, match="response_column"):
        export(rows, "trl", student=student, response_column="other")
    # Each of two responses has a scorer and may be trained on.
    both = rows.map(LocalScorer(student, response_column="other", suffix="_b"), batched=True)
    assert (
        export(both, "trl", student=student, response_column="other")["completion"][0][0]["content"]
        == "So it is."
    )


def test_tables_of_earlier_versions_are_compared_by_their_numbers_of_tokens():
    student = Student(student_path())
    rows = Dataset.from_dict({"prompt": ["p"], "response": ["It is 5."]})
    rows = rows.map(LocalScorer(student), batched=True).remove_columns("response_key")
    assert len(export(rows, "trl", student=student)) == 1
    changed = rows.map(lambda row: {"response": row["response"] + " I think."})
    with pytest.raises(ValueError, match=r"response of row 0 is not the one .* `num_tokens` shows"):
        export(changed, "trl", student=student)


@pytest.mark.parametrize("splitter", ["sentence", "turn"])
@pytest.mark.parametrize(
    "turn, change",
    [(3, {"content": "It is 6."}), (3, {"reasoning_content": "2 + 4"}), (1, {"content": "6."})],
)
def test_every_part_of_a_conversation_that_was_scored_is_compared(splitter, turn, change):
    said = {"role": "assistant", "content": "It is 5.", "reasoning_content": "2 + 3"}
    chat = [ASK, {"role": "assistant", "content": "5."}, {"role": "user", "content": "Why?"}, said]
    rows = Dataset.from_dict({"messages": [chat]}, Features({"messages": List(Json())}))
    scorer = LocalScorer(student_path(), messages_column="messages", splitter=splitter)
    rows = rows.map(scorer, batched=True)
    assert len(export(rows, "messages")) == 1
    other = [message | change if place == turn else message for place, message in enumerate(chat)]
    edited = rows.map(lambda row: {"messages": other}, features=rows.features)
    with pytest.raises(ValueError, match="of row 0 is not the one that was scored"):
        export(edited, "messages")
