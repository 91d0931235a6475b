"""Reasoning that stands in another column is joined with the responses, in every shape."""

import pytest
from datasets import Dataset

from local_naturalness import LocalScorer
from local_naturalness.embedded import student_path
from local_naturalness.selection import export
from local_naturalness.shapes import to_rows

ASKED = {"role": "user", "content": "2 + 3?"}


def turn(answer, reasoning):
    return {"role": "assistant", "content": answer, "reasoning_content": reasoning}


# A row, arguments, and the answers that come of it.
SHAPES = {
    "rows": ({"prompt": "2 + 3?", "response": "5.", "cot": "We add."}, {}, [("5.", "We add.")]),
    "other names": (
        {"Question": "2 + 3?", "Response": "5.", "cot": "We add."},
        {"prompt_column": "Question", "response_column": "Response"},
        [("5.", "We add.")],
    ),
    "a list of one": ({"question": "2 + 3?", "response": "5.", "cot": ["We add."]}, {}, [("5.", "We add.")]),
    "alpaca": ({"instruction": "2 + 3?", "output": "5.", "cot": "We add."}, {}, [("5.", "We add.")]),
    "trl": ({"prompt": [ASKED], "completion": [turn("5.", None)], "cot": "We add."}, {}, [("5.", "We add.")]),
    "messages": ({"messages": [ASKED, turn("5.", None)], "cot": "We add."}, {}, [("5.", "We add.")]),
    "lists": (
        {"problem": "2 + 3?", "generations": ["5.", "6."], "cot": ["We add.", "We guess."]},
        {},
        [("5.", "We add."), ("6.", "We guess.")],
    ),
    "answers as objects": (
        {"prompt": "2 + 3?", "responses": [{"text": "5.", "cot": "We add."}, {"text": "6.", "cot": None}]},
        {},
        [("5.", "We add."), ("6.", None)],
    ),
}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_one_column(shape, is_stream, caplog):
    row, named, answers = SHAPES[shape]
    dataset = Dataset.from_list([row, row])
    dataset = dataset.to_iterable_dataset() if is_stream else dataset
    rows = list(to_rows(dataset, reasoning_columns=["cot"], **named))
    messages = [[(m["content"], m.get("reasoning_content")) for m in row["messages"]] for row in rows]
    assert messages == 2 * [[("2 + 3?", None), answer] for answer in answers]
    assert "`cot` is the reasoning" in caplog.text and "not scored" not in caplog.text


def test_one_column_for_each_teacher():
    row = {"question": "2 + 3?", "a_cot": "We add.", "a_try": "5.", "b_cot": None, "b_try": "6."}
    wide = Dataset.from_list([row])
    columns = {"teacher_columns": ["a_try", "b_try"], "reasoning_columns": ["a_cot", "b_cot"]}
    rows = to_rows(wide, **columns)
    assert rows["teacher"][:] == ["a_try", "b_try"]
    assert [messages[1] for messages in rows["messages"]] == [turn("5.", "We add."), turn("6.", None)]
    with pytest.raises(
        ValueError, match="must name 2 columns, one for each column of responses, found 1 col"
    ):
        to_rows(wide, **columns | {"reasoning_columns": ["a_cot"]})


def test_the_scores_are_those_of_messages_with_reasoning():
    columns = {"prompt": ["2 + 3?"], "response": ["It is 5."], "cot": ["We add 2 and 3."]}
    chat = Dataset.from_dict({"messages": [[ASKED, turn("It is 5.", "We add 2 and 3.")]]})
    scorer = LocalScorer(student_path(), messages_column="messages")
    joined = to_rows(Dataset.from_dict(columns), reasoning_columns=["cot"]).map(scorer)
    assert joined["local_naturalness"][:] == chat.map(scorer)["local_naturalness"][:]
    assert joined["num_tokens"][0] > 10


@pytest.mark.parametrize(
    ("row", "says"),
    [
        ({"response": "5.", "think": "a b"}, r"names 'cot'; the columns are 'prompt', 'response', 'think'"),
        ({"response": "5.", "cot": ["We add.", "So."]}, "A row of 'cot' holds 2 pieces of reasoning for one"),
        (
            {"completion": [turn("5.", "So.")], "cot": "We add."},
            "reasoning in 'cot', and in the last message",
        ),
    ],
)
def test_what_is_refused(row, says):
    with pytest.raises(ValueError, match=says):
        to_rows(Dataset.from_list([{"prompt": "2 + 3?", **row}]), reasoning_columns=["cot"])


def test_conversations_that_wait_for_an_answer(caplog):
    row = {"messages": [ASKED], "reasoning": "We add.", "answer": "5.", "model": "r1"}
    rows = to_rows(Dataset.from_list([row, row | {"messages": [ASKED, turn("4.", None), ASKED]}]))
    assert [messages[-1] for messages in rows["messages"]] == [turn("5.", "We add.")] * 2
    assert [len(messages) for messages in rows["messages"]] == [2, 4]
    assert rows["teacher"][:] == ["r1", "r1"]
    scored = LocalScorer(student_path())(row)
    assert scored["local_naturalness_status"] == "ok" and scored["num_tokens"] > 5
    assert "not scored" not in caplog.text
    exported = export(Dataset.from_list([row]).map(LocalScorer(student_path())), "messages")
    assert exported["messages"][0][-1] == turn("5.", "We add.")
    gold = {"messages": [ASKED], "answer": "5"}  # the right result, which nobody wrote as a response
    assert len(to_rows(Dataset.from_list([gold]))["messages"][0]) == 1


def test_conversations_without_any_answer_are_told(caplog):
    row = {"messages": [ASKED], "written by r1": "5.", "model": "r1"}
    to_rows(Dataset.from_list([row]))
    assert "All conversations end with a question, so there is no response" in caplog.text
    rows = to_rows(Dataset.from_list([row]), response_column="written by r1")
    assert rows["messages"][0][-1]["content"] == "5." and rows["teacher"][:] == ["r1"]


@pytest.mark.parametrize(
    ("row", "says"),
    [
        (
            {"answers": ["It is 5."], "cot": ["We add."]},
            r"response_column='answers'` and `reasoning_columns=\['cot'\]",
        ),
        (
            {"response": {"cot": "We add.", "answer": "5."}},
            "The objects in 'response' hold parts of an answer",
        ),
    ],
)
def test_refusals_say_what_to_do(row, says):
    with pytest.raises(ValueError, match=says):
        to_rows(Dataset.from_list([{"prompt": "2 + 3?"} | row]))


def test_dialogues_in_one_text_are_refused():
    with pytest.raises(ValueError, match="The texts in 'text' hold prompt and response in one"):
        to_rows(Dataset.from_dict({"text": ["User: 2 + 3?\nAssistant: 5."]}))


def test_flags_are_no_reasoning(caplog):
    to_rows(Dataset.from_dict({"prompt": ["2 + 3?"] * 2, "response": ["5."] * 2, "reasoning": ["on", "off"]}))
    assert not caplog.records
