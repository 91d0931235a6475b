"""Answers as inference servers return them become rows, with reasoning, teachers and prompts."""

import json

import pytest
from datasets import Dataset, Features, Json, Value

from local_naturalness import LocalScorer
from local_naturalness.cli import main
from local_naturalness.embedded import student_path
from local_naturalness.inputs import read_table
from local_naturalness.shapes import to_rows

QUESTION, THOUGHT, ANSWER = "What is 2 + 3?", "We add 2 and 3.", "It is 5."
ASKED = {"role": "user", "content": QUESTION}
TURN = {"role": "assistant", "content": ANSWER, "reasoning_content": THOUGHT}
OTHER = {"role": "assistant", "content": "Five."}


def choice(message, number=0):
    """As clients dump it, with fields that are null."""
    unused = {"refusal": None, "tool_calls": None, "function_call": None}
    return {"index": number, "message": {**message, **unused}, "logprobs": None, "finish_reason": "stop"}


CHOICES = [choice(TURN), choice(OTHER, 1)]
REPLY = {"id": "x", "model": "m", "choices": CHOICES, "usage": {"total_tokens": 9}}
BODY = {"status_code": 200, "request_id": "y", "body": REPLY}
BLOCKS = [{"type": "thinking", "thinking": THOUGHT}, {"type": "text", "text": ANSWER}]
PARTS = [{"text": THOUGHT, "thought": True}, {"text": ANSWER}]
ITEMS = [
    {"type": "reasoning", "content": [{"type": "reasoning_text", "text": THOUGHT}]},
    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]},
]

# A row, and the answers that come of it with the teacher.
CHATS = {
    "choices": ({"prompt": QUESTION, "choices": CHOICES}, [TURN, OTHER], None),
    "choices beside messages": ({"messages": [ASKED], "model": "m", "choices": CHOICES}, [TURN, OTHER], "m"),
    "a reply": ({"prompt": [ASKED], "response": REPLY}, [TURN, OTHER], "m"),
    "a reply under another name": ({"question": QUESTION, "api": REPLY}, [TURN, OTHER], "m"),
    "a line of a batch": (
        {"prompt": QUESTION, "custom_id": "a", "response": BODY, "error": None},
        [TURN, OTHER],
        "m",
    ),
    "a request and its reply": (
        {"custom_id": "a", "body": {"model": "m", "messages": [ASKED]}, "response": BODY},
        [TURN, OTHER],
        "m",
    ),
    "a record of both": ({"id": 1, "record": {"messages": [ASKED], **REPLY}}, [TURN, OTHER], "m"),
    "`reasoning`": (
        {"prompt": QUESTION, "choices": [choice({"role": "assistant", "content": "5.", "reasoning": "So."})]},
        [{"role": "assistant", "content": "5.", "reasoning": "So."}],
        None,
    ),
    "a message of blocks": (
        {"prompt": QUESTION, "response": {"id": "x", "model": "c", "role": "assistant", "content": BLOCKS}},
        [TURN],
        "c",
    ),
    "candidates of parts": (
        {"prompt": QUESTION, "candidates": [{"content": {"role": "model", "parts": PARTS}, "index": 0}]},
        [TURN],
        None,
    ),
    "items": ({"prompt": QUESTION, "response": {"model": "m", "output": ITEMS}}, [TURN], "m"),
    "lists of messages": ({"prompt": [ASKED], "completions": [[TURN], [OTHER]]}, [TURN, OTHER], None),
    "messages that are candidates": ({"prompt": QUESTION, "responses": [TURN, OTHER]}, [TURN, OTHER], None),
}
TOLD = {"index": 0, "token_ids": [1, 2], "logprobs": None, "finish_reason": "stop"}
TEXTS = {
    "outputs": {"prompt": QUESTION, "outputs": [{**TOLD, "text": ANSWER}, {**TOLD, "text": "Five."}]},
    "texts alone": {"prompt": QUESTION, "outputs": [{"text": ANSWER}, {"text": "Five."}]},
    "choices of texts": {
        "prompt": QUESTION,
        "choices": [{"index": 0, "text": ANSWER}, {"index": 1, "text": "Five."}],
    },
    "a reply": {"prompt": QUESTION, "response": {"choices": [{"text": ANSWER}, {"text": "Five."}]}},
    "texts beside what SGLang tells": {
        "prompt": QUESTION,
        "outputs": [{"text": ANSWER, "meta_info": {"id": "a"}}, {"text": "Five.", "meta_info": {"id": "b"}}],
    },
}


def without_nulls(messages):
    return [{name: part for name, part in message.items() if part is not None} for message in messages]


def read(row, kind, tmp_path):
    """Two rows, as a dataset, a stream or a file."""
    if kind == "file":
        (tmp_path / "rows.jsonl").write_text(2 * (json.dumps(row) + "\n"))
        return list(to_rows(read_table(tmp_path / "rows.jsonl")))
    dataset = Dataset.from_list([row, row])
    return list(to_rows(dataset if kind == "dataset" else dataset.to_iterable_dataset()))


@pytest.mark.parametrize("kind", ["dataset", "stream", "file"])
@pytest.mark.parametrize("name", CHATS)
def test_messages(name, kind, tmp_path):
    row, answers, teacher = CHATS[name]
    rows = read(row, kind, tmp_path)
    expected = 2 * [[ASKED, answer] for answer in answers]
    assert [without_nulls(one["messages"]) for one in rows] == expected
    assert {one.get("teacher") for one in rows} == {teacher}


@pytest.mark.parametrize("kind", ["dataset", "stream", "file"])
@pytest.mark.parametrize("name", TEXTS)
def test_texts(name, kind, tmp_path):
    rows = read(TEXTS[name], kind, tmp_path)
    assert [(row["prompt"], row["response"]) for row in rows] == 2 * [(QUESTION, ANSWER), (QUESTION, "Five.")]


@pytest.mark.parametrize(
    ("name", "value", "answers"),
    [
        ("choices", CHOICES, [ANSWER, "Five."]),
        ("response", BODY, [ANSWER, "Five."]),
        ("responses", [TURN, OTHER], [ANSWER, "Five."]),
        ("generations", [ANSWER, "Five."], [ANSWER, "Five."]),
    ],
)
def test_cells_of_json(name, value, answers, tmp_path, caplog):
    """As a CSV file has to hold them."""
    cell = json.dumps(value).replace('"', '""')
    (tmp_path / "rows.csv").write_text(f'question,{name}\nq1,"{cell}"\nq2,\n')
    rows = to_rows(read_table(tmp_path / "rows.csv"))
    found = [row["response"] if "response" in row else row["messages"][-1]["content"] for row in rows]
    assert found == [*answers, None if "response" in rows.column_names else "q2"]


def test_lists_that_python_has_printed_are_no_json():
    with pytest.raises(ValueError, match="The lists in 'generations' are stored as text, and not as JSON"):
        to_rows(Dataset.from_dict({"problem": ["q"], "generations": ["['5.', 'Five.']"]}))


@pytest.mark.parametrize("first", [CHOICES, [{"index": 0, "text": "Six."}]])
def test_a_text_among_replies_is_an_answer(first):
    values = [{"choices": first}, "Five."]
    mixed = [{"prompt": QUESTION, "response": value} for value in values]
    rows = list(
        to_rows(Dataset.from_list(mixed, features=Features({"prompt": Value("string"), "response": Json()})))
    )
    last = rows[-1]["messages"][-1]["content"] if "messages" in rows[-1] else rows[-1]["response"]
    assert last == "Five." and len(rows) == len(first) + 1


def test_why_an_answer_ended_stays_beside_it():
    cut = [choice(TURN), {**choice(OTHER), "finish_reason": "length"}]
    assert to_rows(Dataset.from_list([{"prompt": "q", "choices": cut}]))["finish_reason"][:] == [
        "stop",
        "length",
    ]


def test_failed_requests_are_rows_without_response():
    failed = {"status_code": 500, "request_id": "z", "body": None}
    rows = to_rows(Dataset.from_list([{"prompt": QUESTION, "response": one} for one in (BODY, failed, None)]))
    scored = rows.map(LocalScorer(student_path(), messages_column="messages"), batched=True)
    assert scored["local_naturalness_status"][:] == ["ok", "ok", "missing_response", "missing_response"]
    assert len(set(scored["prompt_key"])) == 1


@pytest.mark.parametrize(
    "row",
    [
        {"id": "x", "choices": CHOICES},
        {"custom_id": "a", "response": BODY, "error": None},
        {"outputs": [{**TOLD, "text": "a"}]},
    ],
)
def test_replies_without_prompts_are_refused(row):
    with pytest.raises(
        ValueError, match="holds replies of an inference server, and no column holds their prompts"
    ):
        to_rows(Dataset.from_list([row]))


def test_what_looks_like_replies():
    """Choices of a test, and a reply that is kept beside its text."""
    test = {"question": "2 + 3?", "choices": ["4", "5"], "answer": 1}
    with pytest.raises(ValueError, match="No shape is recognised"):
        to_rows(Dataset.from_list([test]))
    rows = Dataset.from_list([{"prompt": QUESTION, "response": ANSWER, "raw": REPLY}])
    assert to_rows(rows) is rows


def test_scorers_say_what_to_call():
    with pytest.raises(TypeError, match="If it is the reply of an inference server, call `to_rows"):
        LocalScorer(student_path())({"prompt": QUESTION, "response": BODY})
    with pytest.raises(ValueError, match="'choices' holds replies of an inference server: call `to_rows"):
        LocalScorer(student_path())({"prompt": QUESTION, "choices": CHOICES})


def test_the_command_shows_the_row(tmp_path, capsys):
    path = tmp_path / "batch.jsonl"
    path.write_text(2 * (json.dumps({"prompt": QUESTION, "response": BODY}) + "\n"))
    assert main(["show", str(path), "--student", student_path(), "--row", "3"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("row     3: input row 1, item 1 of `response`\nteacher m\n") and "Five." in out


def test_texts_that_look_like_numbers_stay_texts():
    reply = {"choices": [{"index": 0, "text": "6."}, {"index": 1, "text": "null"}]}
    rows = to_rows(Dataset.from_list([{"request": {"prompt": "007"}, "reply": reply}]))
    assert (rows["prompt"][:], rows["response"][:]) == (["007"] * 2, ["6.", "null"])


def test_requests_with_texts_and_messages():
    reply = {"choices": [choice(OTHER)]}
    rows = [
        {"request": {"messages": [ASKED]}, "reply": reply},
        {"request": {"prompt": "007"}, "reply": reply},
    ]
    dataset = Dataset.from_list(rows, features=Features({"request": Json(), "reply": Json()}))
    prompts = [messages[:-1] for messages in to_rows(dataset)["messages"]]
    assert prompts == [[ASKED], [{"role": "user", "content": "007"}]]


@pytest.mark.parametrize(
    ("column", "reply"),
    [
        ("result", {"type": "succeeded", "message": {"model": "m", "role": "assistant", "content": BLOCKS}}),
        (
            "response",
            {"model": "m", "message": {"role": "assistant", "content": ANSWER, "thinking": THOUGHT}},
        ),
    ],
)
def test_a_message_inside_of_a_reply(column, reply):
    rows = to_rows(Dataset.from_list([{"prompt": QUESTION, column: reply}]))
    turn = rows["messages"][0][-1]
    assert (turn["content"], turn.get("reasoning_content") or turn["thinking"]) == (ANSWER, THOUGHT)
    assert rows["teacher"][:] == ["m"]


def test_a_text_and_what_sglang_tells_of_it():
    rows = [
        {"prompt": QUESTION, "output": {"text": text, "meta_info": {"id": "a"}}} for text in (ANSWER, "5.")
    ]
    assert to_rows(Dataset.from_list(rows))["response"][:] == [ANSWER, "5."]


def test_a_reply_that_is_a_refusal_has_no_part_that_is_scored():
    replies = [
        {"choices": [{"message": {"role": "assistant", "content": text, "refusal": refusal}}]}
        for text, refusal in ((ANSWER, None), (None, "I cannot."))
    ]
    rows = to_rows(Dataset.from_list([{"messages": [ASKED], "response": reply} for reply in replies]))
    scored = rows.map(LocalScorer(student_path(), messages_column="messages"), batched=True)
    assert scored["local_naturalness_status"][:] == ["ok", "unreadable_part"]
