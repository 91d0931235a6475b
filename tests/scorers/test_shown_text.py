"""Scores are those of the text that the student will be trained on, with all that a row holds."""

import json

import chat_templates as templates
import pyarrow as pa
import pytest
import tiny_tokenizers
from datasets import Dataset
from plain_loop import log_probs, mean
from transformers.utils import chat_template_utils

from local_naturalness import GlobalScorer, LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.estimation.forecast import estimate

ASKED = [{"role": "user", "content": "What is 17 + 25?"}]
REASONED = {"role": "assistant", "content": "It is 42.", "reasoning_content": "First add the tens."}
ADD = [{"type": "function", "function": {"name": "add", "arguments": {"a": 17}}}]
TOOLS = [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]


def chat(template):
    tokenizer = tiny_tokenizers.chat()
    tokenizer.chat_template = template
    return tokenizer


def expected(model, tokenizer, prompt, response):
    """Mean log-probability of the response behind the prompt: a plain loop."""
    ids = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in (prompt, response)]
    return mean(log_probs(model, *ids))


def scorer(model, template, **settings):
    return GlobalScorer(Student(model, tokenizer=chat(template)), **settings)


def refusal(made, row):
    """Why a row is refused. Nothing is raised, and it has no score."""
    scored = made(row)
    assert (scored["global_naturalness"], scored["global_naturalness_status"]) == (None, "template_refused")
    (note,) = made.show(row).notes
    return note


@pytest.mark.parametrize(
    ("message", "response"),
    [
        (REASONED, "First add the tens.\n</think>\n\nIt is 42."),
        ({"role": "assistant", "content": "It is 42."}, "\n</think>\n\nIt is 42."),
        (
            REASONED | {"tool_calls": ADD},
            "First add the tens.\n</think>\n\nIt is 42."
            '\n<tool_call>\n{"name": "add", "arguments": {"a": 17}}\n</tool_call>',
        ),
    ],
)
def test_the_whole_turn_is_scored(model, message, response):
    score = scorer(
        model, templates.QWEN, messages_column="messages", chat_template_kwargs={"enable_thinking": True}
    )({"messages": [*ASKED, message]})
    prompt = "<|im_start|>user\nWhat is 17 + 25?<|im_end|>\n<|im_start|>assistant\n<think>\n"
    assert score["global_naturalness"] == pytest.approx(
        expected(model, chat(templates.QWEN), prompt, response), abs=1e-5
    )


@pytest.mark.parametrize("tools", [TOOLS, json.dumps(TOOLS)], ids=["list", "json"])
def test_tools_are_shown(model, tools):
    row = {"prompt": ASKED, "tools": tools, "response": "The sum is right."}
    score = scorer(model, templates.QWEN)(row)["global_naturalness"]
    rendered = chat(templates.QWEN).apply_chat_template(
        ASKED, tools=TOOLS, tokenize=False, add_generation_prompt=True
    )
    assert json.dumps(TOOLS) in rendered
    assert score == pytest.approx(expected(model, chat(templates.QWEN), rendered, row["response"]), abs=1e-5)


@pytest.mark.parametrize(
    ("template", "settings"),
    [(templates.LLAMA, {}), (None, {}), (templates.QWEN, {"prompt_template": "{prompt}"})],
)
def test_tools_that_nothing_shows_are_refused(model, template, settings):
    row = {"prompt": "What is 17 + 25?", "tools": TOOLS, "response": "42."}
    assert refusal(scorer(model, template, **settings), row).startswith("A row has `tools` (add)")
    assert scorer(model, template, **settings)(row | {"tools": None})["global_naturalness_status"] == "ok"
    named = row | {"prompt": "Please add 17 and 25."}  # the user's text does not show them
    assert refusal(scorer(model, template, **settings), named).startswith("A row has `tools` (add)")


def test_every_tool_is_shown_or_refused(model):
    """`add_all` is no other name of `add`."""
    first = templates.HEADER.replace("{%", "{{ (tools or [{}])[0].function.name if tools }}{%", 1)
    tools = [{"type": "function", "function": {"name": name}} for name in ("add_all", "add")]
    row = {"prompt": "What is 17 + 25?", "tools": tools, "response": "42."}
    assert refusal(scorer(model, first), row).startswith("A row has `tools` (add_all, add)")
    assert scorer(model, first)(row | {"tools": tools[:1]})["global_naturalness_status"] == "ok"


@pytest.mark.parametrize("tools", ["a hammer", [1], 3])
def test_a_column_of_other_tools_is_not_guessed_at(model, tools):
    with pytest.raises(TypeError, match="'tools' must hold lists of tools"):
        scorer(model, templates.QWEN)({"prompt": "Hi", "tools": tools, "response": "42."})


def test_a_row_scores_alone_as_it_does_beside_others(model, tmp_path):
    """Arrow gives it the fields of the others, at every depth, and fills them with nulls."""
    rows = [
        {"messages": [*ASKED, REASONED], "tools": TOOLS},
        {"messages": [*ASKED, {"role": "assistant", "content": "42.", "tool_calls": ADD}], "tools": None},
        {
            "messages": [
                *ASKED,
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [
                        {"type": "function", "function": {"name": "twice", "arguments": {"b": {"c": "x"}}}}
                    ],
                },
            ],
            "tools": [{"type": "function", "function": {"name": "twice", "parameters": {"required": ["b"]}}}],
        },
        {"messages": [*ASKED, {"role": "assistant", "content": "So it is."}], "tools": None},
    ]
    beside = Dataset(pa.Table.from_pylist(rows))
    assert beside[1]["messages"][1]["tool_calls"][0]["function"]["arguments"]["b"] is None
    settings = {"messages_column": "messages"}
    alone = [scorer(model, templates.QWEN, **settings)(row) for row in rows]
    assert [row["global_naturalness_status"] for row in alone] == ["ok"] * 4
    for store in (None, tmp_path, tmp_path):
        together = scorer(model, templates.QWEN, store=store, **settings)(beside[:])
        for name in ("num_tokens", "prompt_key"):
            assert together[name] == [row[name] for row in alone]
        scores = [row["global_naturalness"] for row in alone]
        assert together["global_naturalness"] == pytest.approx(scores, abs=1e-5)


def test_a_score_is_the_same_on_every_day(model, monkeypatch):
    made = scorer(model, templates.LLAMA)
    row = {"prompt": "What is 17 + 25?", "response": "The sum is right."}
    scored = made(row)

    class Later(chat_template_utils.datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2031, 1, 9)

    monkeypatch.setattr(chat_template_utils, "datetime", Later)
    assert made(row) == scored
    assert "; date=2024-07-26; " in scored["global_naturalness_spec"]
    assert "date" not in scorer(model, templates.QWEN).spec


def test_switches_are_part_of_the_identity(model):
    specs = [
        scorer(model, templates.QWEN, chat_template_kwargs=kwargs).spec
        for kwargs in (None, {}, {"enable_thinking": True}, {"enable_thinking": False})
    ]
    assert specs[0] == specs[1]
    assert len(set(specs)) == 3
    assert '; chat_template_kwargs={"enable_thinking":true}; ' in specs[2]


@pytest.mark.parametrize(
    ("template", "settings", "error", "says"),
    [
        (None, {}, ValueError, "it has none"),
        (templates.QWEN, {"prompt_template": "{prompt}"}, ValueError, "`prompt_template` replaces it"),
        (templates.LLAMA, {}, ValueError, "'enable_thinking', which the chat template"),
        (templates.QWEN, {"chat_template_kwargs": "on"}, TypeError, "must be a dict"),
        (templates.QWEN, {"chat_template_kwargs": {"x": object()}}, TypeError, "JSON values"),
        (templates.QWEN, {"chat_template_kwargs": {"tools": []}}, ValueError, "sets 'tools'"),
    ],
)
def test_switches_that_switch_nothing_are_refused(model, template, settings, error, says):
    settings = {"chat_template_kwargs": {"enable_thinking": True}} | settings
    with pytest.raises(error, match=says):
        scorer(model, template, **settings)({"prompt": "Hi", "response": "42."})


THOUGHT = "<think>\nFirst add the tens.\n</think>\n\nIt is 42."


def test_reasoning_behind_a_closed_block_is_told_once_with_the_remedy(model, caplog):
    made = scorer(model, templates.QWEN)
    batch = {"prompt": ["What is 17 + 25?"] * 3, "response": [THOUGHT, "It is 42.", THOUGHT]}
    made(batch)
    made(batch)
    (record,) = caplog.records
    assert "In 2 of the first 3 rows the response contains reasoning" in record.getMessage()
    assert '`chat_template_kwargs={"enable_thinking": true}`' in record.getMessage()
    caplog.clear()
    switched = scorer(model, templates.QWEN, chat_template_kwargs={"enable_thinking": True})
    switched({"prompt": ["What is 17 + 25?"], "response": [THOUGHT]})
    assert not caplog.records


@pytest.mark.parametrize(
    ("has_store", "says"), [(False, "In 3 of the first 8 rows"), (True, "In 1 of the first 3 different rows")]
)
def test_rows_are_counted_from_the_first_batch_on(has_store, says, model, caplog, tmp_path):
    made = scorer(model, templates.QWEN, store=str(tmp_path / "store") if has_store else None)
    responses = ["It is 42."] * 2 + ["42."] * 2 + ["It is 42."] + [THOUGHT] * 3
    rows = Dataset.from_dict({"prompt": ["What is 17 + 25?"] * 8, "response": responses})
    rows.map(made, batched=True, batch_size=4, load_from_cache_file=False)
    (record,) = caplog.records
    assert record.getMessage().startswith(f"{says} the response contains reasoning")


def test_it_is_told_of_a_closing_tag_alone_and_of_every_turn(model):
    """As in DeepSeek V3.1. The first turn has no reasoning."""
    closed = templates.HEADER + "{% if add_generation_prompt %}<|assistant|>\n</think>{% endif %}"
    made = scorer(model, closed, messages_column="messages", splitter="turn")
    answer = {"role": "assistant", "content": "It is 42."}
    shown = made.show({"messages": [*ASKED, answer, *ASKED, answer | {"content": THOUGHT}]})
    assert "the response contains reasoning" in " ".join(shown.notes)
    assert made.show({"messages": [*ASKED, answer, *ASKED, answer]}).notes == []
    joined = scorer(model, templates.HEADER, messages_column="messages", splitter="turn")
    shown = joined.show({"messages": [*ASKED, answer, *ASKED, REASONED]})
    assert "the reasoning is stored apart from the content" in " ".join(shown.notes)


def test_an_estimate_tells_it_too(model):
    rows = Dataset.from_dict({"prompt": ["What is 17 + 25?"] * 40, "response": [THOUGHT, "It is 42."] * 20})
    (warning,) = estimate(scorer(model, templates.QWEN), rows, calibration_seconds=None).warnings
    assert warning.startswith("In 20 of 40 rows the response contains reasoning")


@pytest.mark.parametrize(
    ("tail", "response", "scored"),
    [
        ("<|channel>thought\n", "<|channel>thought\nFirst.<channel|>42.", "First.<channel|>42."),
        ("[THINK]", "[THINK]First.[/THINK]42.", "First.[/THINK]42."),
        ("<|channel|>analysis<|message|>", "<|channel|>analysis<|message|>First.", "First."),
        (
            "<|start|>assistant",
            "<|start|>assistant<|channel|>final<|message|>42.",
            "<|channel|>final<|message|>42.",
        ),
        ("<think>", "\n\n<think>First.</think>42.", "First.</think>42."),
        ("<think>\n\n</think>\n\n", "<think>\n\n</think>\n\n42.", "42."),
        ("<think>\n\n</think>\n\n", THOUGHT, THOUGHT),
        ("<|channel>thought\n", THOUGHT, THOUGHT),
    ],
)
def test_an_opening_that_the_prompt_holds_is_not_scored_twice(model, tail, response, scored):
    made = scorer(model, None, prompt_template="Q: {prompt}" + tail)
    row = made({"prompt": "Hi", "response": response})
    assert row["global_naturalness"] == pytest.approx(
        expected(model, chat(None), "Q: Hi" + tail, scored), abs=1e-5
    )


def test_given_steps_may_be_those_of_the_content(model):
    made = LocalScorer(
        Student(model, tokenizer=chat(templates.QWEN)),
        messages_column="messages",
        steps_column="steps",
        return_steps=True,
        chat_template_kwargs={"enable_thinking": True},
    )
    message = REASONED | {"content": "It is 42. So it is."}
    row = made({"messages": [*ASKED, message], "steps": ["It is 42.", "So it is."]})
    text = "First add the tens.\n</think>\n\nIt is 42. So it is."
    assert [text[start:end] for start, end in row["step_spans"]] == [text[:-10], " So it is."]
    drafted = message | {"reasoning_content": "Draft: It is 42. So it is. Right."}
    spans = made({"messages": [*ASKED, drafted], "steps": ["It is 42.", "So it is."]})["step_spans"]
    text = "Draft: It is 42. So it is. Right.\n</think>\n\nIt is 42. So it is."
    assert [text[start:end] for start, end in spans] == [text[:-10], " So it is."]


def test_turns_with_calls_and_reasoning_are_steps(model):
    messages = [
        *ASKED,
        REASONED | {"tool_calls": ADD},
        {"role": "tool", "content": "42"},
        {"role": "assistant", "content": "The sum is right."},
    ]
    made = LocalScorer(
        Student(model, tokenizer=chat(templates.QWEN)),
        messages_column="messages",
        splitter="turn",
        window=1,
        return_steps=True,
        chat_template_kwargs={"enable_thinking": True},
    )
    call = '\n<tool_call>\n{"name": "add", "arguments": {"a": 17}}\n</tool_call>'
    first = "First add the tens.\n</think>\n\nIt is 42." + call
    prompt = "<|im_start|>user\nWhat is 17 + 25?<|im_end|>\n<|im_start|>assistant\n<think>\n"
    between = "<|im_end|>\n<|im_start|>tool\n42<|im_end|>\n<|im_start|>assistant\n<think>\n"
    texts = (prompt, first, between, "\n</think>\n\nThe sum is right.")
    ids = [chat(templates.QWEN)(text, add_special_tokens=False)["input_ids"] for text in texts]
    right = [mean(log_probs(model, *ids[:2])), mean(log_probs(model, ids[0] + ids[1] + ids[2], ids[3]))]
    assert made({"messages": messages})["step_scores"] == pytest.approx(right, abs=1e-5)


def test_settings_that_are_not_used_leave_the_identity_as_it_was():
    """Written down before there were any of them."""
    assert GlobalScorer(student_path()).spec.endswith("; id=487613a5")


def test_all_scorers_give_a_prompt_the_same_key(model):
    row = {"prompt": "Hi", "response": "42."}
    key = LocalScorer(student_path())(row)["prompt_key"]
    assert scorer(model, templates.QWEN)(row)["prompt_key"] == key
    chats = scorer(model, templates.QWEN, messages_column="m", suffix="_m")
    messages = [{"content": "Hi", "role": "user"}, {"role": "assistant", "content": "43."}]
    assert chats({"m": messages})["prompt_key_m"] == key
    others = [
        row | {"prompt": "Ho"},
        row | {"prompt": [{"role": "system", "content": "Hi"}]},
        row | {"tools": TOOLS},
    ]
    assert len({key, *(scorer(model, templates.QWEN)(other)["prompt_key"] for other in others)}) == 4
    assert scorer(model, templates.QWEN)(row | {"prompt": None})["prompt_key"] is None


def test_a_prompt_key_of_somebody_else_is_not_overwritten():
    with pytest.raises(ValueError, match="writes a column 'prompt_key', and there is one already"):
        LocalScorer(student_path())({"prompt": "Hi", "response": "42.", "prompt_key": "p7"})


QUESTION_TURN = {"role": "user", "content": "What is 17 + 25?"}
ANSWER_TURN = {"role": "assistant", "content": "It is 42."}


@pytest.mark.parametrize(
    ("messages", "says"),
    [
        ([QUESTION_TURN, ANSWER_TURN, {"role": "user", "content": "Thanks!"}], "continues after the last"),
        ([QUESTION_TURN, ANSWER_TURN, {"role": "tool", "content": "42"}], "continues after the last"),
        ([QUESTION_TURN, {"role": "assistant", "content": "Let me see."}, ANSWER_TURN], "follow each other"),
        ([QUESTION_TURN, ANSWER_TURN, QUESTION_TURN, ANSWER_TURN], ""),
    ],
)
def test_turns_that_are_no_part_of_the_response_are_told_once(model, caplog, messages, says):
    made = scorer(model, templates.QWEN, messages_column="messages")
    batch = {"messages": [[QUESTION_TURN, ANSWER_TURN], messages, messages]}
    assert made(batch)[f"{made.criterion}_status"] == ["ok"] * 3
    made(batch)
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == bool(says)
    if says:
        assert told[0].startswith("In 2 of the first 3 rows") and says in told[0]
        assert "The first of these prompts ends with" in told[0]
        assert says in " ".join(made.show({"messages": messages}).notes)
        rows = Dataset.from_dict({"messages": [messages, messages]})
        (warning,) = estimate(made, rows, calibration_seconds=None).warnings
        assert warning.startswith("In 2 of 2 rows") and says in warning


def test_messages_behind_the_last_scored_turn_are_told_when_all_turns_are_scored(model, caplog):
    made = scorer(model, templates.QWEN, messages_column="messages", splitter="turn")
    made({"messages": [[QUESTION_TURN, ANSWER_TURN, ANSWER_TURN, QUESTION_TURN]]})
    assert ["continues after the last" in record.getMessage() for record in caplog.records] == [True]
