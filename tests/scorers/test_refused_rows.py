"""A row that the chat template cannot write says so in its status, and stops no other row."""

import chat_templates as templates
import pytest
import tiny_tokenizers
from datasets import Dataset

from local_naturalness import LocalScorer, Student

BAD = "BAD"
# Each raises another error, of Python's and of Jinja's, when a template is rendered.
ERRORS = {
    "raise_exception": "raise_exception('no')",
    "undefined": "messages[0].nothing.more",
    "type": "1 + 'a'",
    "value": "'a,b'.index('c')",
    "key": "'%(a)s' | format(b=1)",
    "zero": "1 / 0",
    "items": "'text' | items | list",
    "overflow": "range(10 ** 9) | list",
    "security": "messages.__class__.__mro__[0]",
    "attribute": "messages.clear()",
    "no message": "raise_exception('')",
    "recursion": "again(again)",
}
RECURSIVE = "{%- macro again(self) -%}{{ self(self) }}{%- endmacro -%}"
ASK = {"role": "user", "content": "What is 17 + 25?"}
ANSWER = {"role": "assistant", "content": "It is 42."}


def student(model, error, where):
    """A student whose template fails in some way if a condition is true."""
    tokenizer = tiny_tokenizers.chat()
    fails = f"{{%- if {where} -%}}{{{{ {error} }}}}{{%- endif -%}}"
    tokenizer.chat_template = RECURSIVE + fails + templates.QWEN
    return Student(model, tokenizer=tokenizer)


def statuses(of, rows, **settings):
    return LocalScorer(of, **settings)({name: [row[name] for row in rows] for name in rows[0]})[
        "local_naturalness_status"
    ]


@pytest.mark.parametrize("error", ERRORS.values(), ids=ERRORS)
def test_whatever_error_a_template_raises_it_refuses_one_row(model, error):
    good = {"prompt": [ASK], "response": "It is 42."}
    bad = good | {"prompt": [ASK | {"content": BAD}]}
    of = student(model, error, f"messages[0].content == '{BAD}'")
    assert statuses(of, [good, bad, good]) == ["ok", "template_refused", "ok"]
    (note,) = LocalScorer(of).show(bad).notes
    assert note.startswith(
        "The chat template of the student refused a conversation with the roles ['user']: "
    )
    assert ": . " not in note


@pytest.mark.parametrize(
    ("good", "bad", "where"),
    [
        ([ASK, ANSWER], [ASK, ANSWER | {"tool_calls": [{"function": {"name": BAD}}]}], "BAD in calls"),
        ([ASK, ANSWER], [ASK, ANSWER | {"content": BAD}, ASK, ANSWER], "BAD in texts"),
        ([ASK, ANSWER], [ASK, {"role": "tool", "content": BAD}, ANSWER], "BAD in texts"),
    ],
    ids=["a call", "an earlier turn", "what a tool says"],
)
@pytest.mark.parametrize("settings", [{}, {"splitter": "turn"}], ids=["last turn", "by turn"])
def test_a_turn_that_the_template_fails_on(model, good, bad, where, settings):
    found = {
        "BAD in calls": "messages | selectattr('tool_calls') | list",
        "BAD in texts": "'BAD' in messages | map(attribute='content') | list",
    }[where]
    of = student(model, "1 + 'a'", found)
    rows = [{"messages": messages} for messages in (good, bad, good)]
    assert statuses(of, rows, messages_column="messages", **settings) == ["ok", "template_refused", "ok"]


@pytest.mark.parametrize(
    "tool",
    [
        {"type": "function", "function": {"name": BAD}},
        {"type": "function", "function": BAD},
        {"name": BAD},
        {"type": BAD},
    ],
)
def test_tools_that_the_template_fails_on_or_leaves_out(model, tool):
    good = {"prompt": [ASK], "tools": None, "response": "It is 42."}
    bad = good | {"tools": [tool]}
    assert statuses(student(model, "1 + 'a'", "tools"), [bad, good]) == ["template_refused", "ok"]
    tokenizer = tiny_tokenizers.chat()  # whose template shows no tools
    of = Student(model, tokenizer=tokenizer)
    assert statuses(of, [good, bad]) == ["ok", "template_refused"]


def test_a_template_that_is_missing_for_rows_without_tools(model):
    """The tokenizer has one for tools alone."""
    tokenizer = tiny_tokenizers.chat()
    tokenizer.chat_template = {"tool_use": templates.QWEN}
    good = {"prompt": [ASK], "tools": [{"name": "add"}], "response": "It is 42."}
    of = Student(model, tokenizer=tokenizer)
    assert statuses(of, [good, good | {"tools": None}]) == ["ok", "template_refused"]


def test_variables_that_the_template_fails_on_are_the_scorers_alone(model):
    """Those of a row are only compared."""
    of = student(model, "1 + 'a'", "enable_thinking == 'often'")
    row = {"prompt": [ASK], "chat_template_kwargs": {"enable_thinking": "often"}, "response": "It is 42."}
    assert statuses(of, [row]) == ["ok"]
    switched = {"chat_template_kwargs": {"enable_thinking": "often"}}
    assert statuses(of, [row], **switched) == ["template_refused"]


def test_an_unknown_variable_is_told_with_those_that_the_template_reads(model):
    scorer = LocalScorer(student(model, "1", "false"), chat_template_kwargs={"thinking": True})
    expected = (
        "'thinking', which the chat template of the student does not use: pass one of 'enable_thinking'"
    )
    with pytest.raises(ValueError, match=expected):
        scorer({"prompt": "Hi", "response": "Hello."})


def test_messages_name_the_tokenizer_that_was_loaded(model):
    of = student(model, "1 / 0", "true")
    of.tokenizer.name_or_path = "me/small"
    (note,) = LocalScorer(of).show({"prompt": "Hi", "response": "Hello."}).notes
    assert note.startswith("The chat template of 'me/small' refused")


def test_rows_of_a_table_are_refused_one_by_one(model):
    """Arrow gives all calls the same fields."""
    calls = [{"function": {"name": "add", "arguments": {"a": 17}}}]
    rows = Dataset.from_list(
        [{"messages": [ASK, ANSWER]}, {"messages": [ASK, ANSWER | {"tool_calls": calls}]}]
    )
    of = student(model, "1 / 0", "messages | selectattr('tool_calls') | list")
    scored = rows.map(LocalScorer(of, messages_column="messages"), batched=True)
    assert scored["local_naturalness_status"][:] == ["ok", "template_refused"]
    assert scored["local_naturalness"][1] is None


def test_a_template_without_a_place_for_calls_stops_at_the_first_row_with_one(model):
    """It fits no such row, and a table of scores without them would look like a choice."""
    of = Student(model, tokenizer=tiny_tokenizers.chat())
    rows = {"messages": [[ASK, ANSWER], [ASK, ANSWER | {"tool_calls": [{"function": {"name": "add"}}]}]]}
    with pytest.raises(TypeError, match=r"`tool_calls` \(add\).*Dataset.filter.*ends with 'What is 17"):
        LocalScorer(of, messages_column="messages")(rows)
