"""A part of a row that cannot be scored is its status, and stops no other row."""

import json

import pytest
import tiny_tokenizers
from datasets import Dataset

from local_naturalness import LocalScorer, Student
from local_naturalness.selection import export, select_responses
from local_naturalness.shapes import to_rows

ASK = {"role": "user", "content": "What is 17 + 25?"}
ANSWER = {"role": "assistant", "content": "It is 42."}
GOOD = [ASK, ANSWER]
IMAGE = [{"type": "image_url", "image_url": {"url": "u"}}, {"type": "text", "text": "What?"}]
# What is refused, and a word of the reason.
BAD = {
    "image": ([{"role": "user", "content": IMAGE}, ANSWER], "'image_url'"),
    "call as block": ([ASK, ANSWER | {"content": [{"type": "tool_use", "name": "add"}]}], "'tool_use'"),
    "refusal": ([ASK, {"role": "assistant", "content": None, "refusal": "I cannot."}], "`refusal`"),
    "audio": ([ASK, ANSWER | {"audio": {"id": "a"}}], "`audio`"),
    "role": ([ASK, {"role": "narrator", "content": "He left."}], "'narrator'"),
    "call as turn": ([ASK, {"role": "function_call", "content": "{}"}, ANSWER], "'function_call'"),
    "reasoning as list": ([ASK, ANSWER | {"reasoning_content": ["a", "b"]}], "must be texts"),
    "other reasoning": ([ASK, ANSWER | {"cot": "We add."}], "`cot`"),
    "calls as text": ([ASK, ANSWER | {"tool_calls": "add()"}], "`tool_calls` must be a list"),
    "calls in a list": ([ASK, ANSWER | {"function_calls": ["add()"]}], "`function_calls` must be a text"),
}


@pytest.fixture(scope="module")
def student(model):
    return Student(model, tokenizer=tiny_tokenizers.chat())


@pytest.mark.parametrize("splitter", ["sentence", "turn"])
@pytest.mark.parametrize("name", BAD)
def test_the_row_is_refused_and_the_others_are_scored(name, splitter, student, caplog, tmp_path):
    bad, says = BAD[name]
    scorer = LocalScorer(student, messages_column="messages", splitter=splitter, store=tmp_path)
    for _ in "12":  # the second time from the store
        scored = scorer({"messages": [GOOD, bad, GOOD, None]})
        assert scored["local_naturalness_status"] == ["ok", "unreadable_part", "ok", "missing_response"]
        assert scored["local_naturalness"][1] is None and scored["num_tokens"][1] == 0
    (told,) = [record.getMessage() for record in caplog.records if "could not be scored" in record.message]
    assert says in told and told.startswith("1 of the first ")
    shown = scorer.show({"messages": bad})
    assert shown.status == "unreadable_part" and says in shown.notes[0]


def test_of_a_prompt(student):
    rows = {"prompt": [[ASK], [{"role": "user", "content": IMAGE}]], "response": ["It is 42."] * 2}
    assert LocalScorer(student)(rows)["local_naturalness_status"] == ["ok", "unreadable_part"]


def as_sharegpt(chat):
    return [{"from": one["role"], "value": one["content"]} for one in chat]


CONVERTED = {
    **{f"{name} as text": [json.dumps(bad), json.dumps(GOOD)] for name, (bad, _) in BAD.items()},
    **{name: [as_sharegpt(BAD[name][0]), as_sharegpt(GOOD)] for name in ("role", "call as turn")},
    "blocks": [[ASK, ANSWER | {"content": IMAGE}], [ASK, ANSWER | {"content": [IMAGE[1]]}]],
}


@pytest.mark.parametrize("is_stream", [False, True])
@pytest.mark.parametrize("name", CONVERTED)
def test_conversions_keep_the_reason(name, is_stream, student):
    rows = Dataset.from_list([{"conversations": chat} for chat in CONVERTED[name]], on_mixed_types="use_json")
    given = [row["messages"] for row in to_rows(rows.to_iterable_dataset() if is_stream else rows)]
    scored = LocalScorer(student, messages_column="messages")({"messages": given})
    assert scored["local_naturalness_status"] == ["unreadable_part", "ok"]


def test_selection_leaves_the_row_out_and_export_names_it(student):
    rows = Dataset.from_dict({"messages": [json.dumps(chat) for chat in (GOOD, BAD["image"][0])]})
    scored = to_rows(rows).map(LocalScorer(student, messages_column="messages"), batched=True)
    assert len(select_responses(scored)) == 1
    with pytest.raises(ValueError, match=r"Row 1 cannot be trained on: .*'image_url'"):
        export(scored, "messages", student=student)


CALLED = ANSWER | {"function_calls": "add(a=17, b=25)"}


def test_calls_as_text_are_scored_where_the_template_writes_them(model):
    """The data of OLMo have them in `function_calls`."""
    template = (
        "{%- for m in messages -%}<|im_start|>{{ m.role }}\n{{ m.content }}"
        "{%- if m.function_calls -%}<function_calls>{{ m.function_calls }}</function_calls>{%- endif -%}"
        "<|im_end|>\n{%- endfor -%}"
        "{%- if add_generation_prompt -%}<|im_start|>assistant{{ '\n' }}{%- endif -%}"
    )
    tokenizer = tiny_tokenizers.chat()
    tokenizer.chat_template = template
    scorer = LocalScorer(Student(model, tokenizer=tokenizer), messages_column="messages")
    whole = "It is 42.<function_calls>add(a=17, b=25)</function_calls>"
    assert scorer.show({"messages": [ASK, CALLED]}).response == whole


def test_calls_as_text_that_the_template_leaves_out_are_refused(student):
    scorer = LocalScorer(student, messages_column="messages")
    shown = scorer.show({"messages": [ASK, CALLED]})
    assert shown.status == "template_refused" and "`function_calls`" in shown.notes[0]


def test_tools_and_calls_before_the_response_that_are_left_out_are_told(student, caplog):
    system = {"role": "system", "content": "Help.", "functions": '[{"name": "add"}]'}
    scorer = LocalScorer(student, messages_column="messages")
    for chat in ([system, *GOOD], [ASK, CALLED, *GOOD]):
        caplog.clear()
        LocalScorer(student, messages_column="messages")({"messages": [chat]})
        assert any("leaves out or changes a text" in record.message for record in caplog.records)
    notes = scorer.show({"messages": [{**system, "functions": None}, *GOOD]}).notes
    assert not any("leaves out or changes a text" in note for note in notes)
