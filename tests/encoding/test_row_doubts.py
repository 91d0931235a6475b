"""Nothing changes a text in silence: a template that drops or rewrites it, a tokenizer that joins a seam."""

import logging

import pytest
import tiny_tokenizers
from chat_templates import GEMMA, MISTRAL, QWEN

from local_naturalness import LocalScorer, Student
from local_naturalness.encoding.row_doubts import (
    ARGUMENTS_QUOTED,
    BYTE_ORDER_MARK,
    EARLIER_REASONING,
    END_WRITTEN,
    HEADER_MISSING,
    LEADING_SPACE,
    OBJECT_AS_TEXT,
    OTHER_SWITCHES,
    OTHER_TAGS,
    REASONING_NOT_OPENED,
    REASONING_TWICE,
    REPLACEMENT,
    SEAM,
    SPACE_TRIMMED,
    TEXT_CHANGED,
    in_words,
)
from local_naturalness.scorers.logged_doubts import count_doubts

PLAIN = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ TEXT }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
SYSTEM = {"role": "system", "content": 'Answer in "one" word.\nBe <brief>.'}
ASK = {"role": "user", "content": "What is 17 + 25?"}
CALL = {"type": "function", "function": {"name": "add", "arguments": {"a": 17, "b": "twenty"}}}
CALLED = {"role": "assistant", "content": "", "tool_calls": [CALL]}
SAID = {"role": "tool", "content": '{"sum": "é"}'}
THOUGHT = {"role": "assistant", "content": "<think>\nFirst the tens.\n</think>\n\nIt is 42."}


def student(model, template, make=tiny_tokenizers.chat):
    tokenizer = make()
    tokenizer.chat_template = template
    return Student(model, tokenizer=tokenizer)


def doubts(of, row, **settings):
    (planned,) = LocalScorer(of, **settings).planned({name: [value] for name, value in row.items()})
    return planned if isinstance(planned, str) else set(planned.encoded.doubts)


TEMPLATES = {
    "whole": ("m.content", set()),
    "trims": ("m.content | trim", set()),
    "drops the system prompt": ("m.content if m.role != 'system' else ''", {TEXT_CHANGED}),
    "has its own": ("m.content if m.role != 'system' else 'You are Phi.'", {TEXT_CHANGED}),
    "as JSON": ("(m.content | tojson) if m.role == 'system' else m.content", {TEXT_CHANGED}),
    "as HTML": ("m.content | escape", {TEXT_CHANGED}),
    "in capitals": ("(m.content | upper) if m.role == 'system' else m.content", {TEXT_CHANGED}),
    "cuts": ("m.content[:20]", {TEXT_CHANGED}),
    "joins words": ("m.content.split() | join(' ')", {TEXT_CHANGED}),
}


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_system_prompt_is_written_as_it_is_or_told(model, name):
    text, expected = TEMPLATES[name]
    of = student(model, PLAIN.replace("TEXT", text))
    row = {"prompt": [SYSTEM, ASK], "response": "It is 42."}
    assert doubts(of, row) == expected
    assert doubts(of, row | {"prompt": [ASK]}) == set()


@pytest.mark.parametrize(("text", "expected"), [("m.content", set()), ("m.content | trim", {SPACE_TRIMMED})])
@pytest.mark.parametrize("place", [0, 1])
def test_white_space_that_is_removed_is_noted_and_not_warned_of(model, text, expected, place):
    messages = [SYSTEM, ASK]
    messages[place] = messages[place] | {"content": "    return 17 + 25\n"}
    scorer = LocalScorer(student(model, PLAIN.replace("TEXT", text)))
    planned = scorer.planned({"prompt": [messages], "response": ["It is 42."]})
    assert planned[0].encoded.doubts == expected
    assert count_doubts(planned) == {}


def test_a_dropped_text_is_not_found_inside_another_one(model):
    of = student(model, PLAIN.replace("TEXT", "m.content if m.role == 'user' else ''"))
    repeated = {"role": "system", "content": "What is 17"}
    assert doubts(of, {"prompt": [repeated, ASK], "response": "It is 42."}) == {TEXT_CHANGED}


def test_a_text_at_another_place_is_not_lost(model):
    of = student(model, "{{ messages[-1].content }}\n{{ messages[0].content }}\n<|im_start|>assistant\n")
    assert doubts(of, {"prompt": [SYSTEM, ASK], "response": "It is 42."}) == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m.content + (m.tool_calls | tojson if m.tool_calls else '')", set()),
        ("(m.content | tojson if m.role == 'tool' else m.content) + (m.tool_calls or []) | string", set()),
        ("m.content", {TEXT_CHANGED}),  # no calls
        ("(m.content if m.role != 'tool' else '') + (m.tool_calls or []) | string", {TEXT_CHANGED}),
    ],
)
def test_earlier_calls_and_what_tools_say(model, text, expected):
    of = student(model, PLAIN.replace("TEXT", f"({text})"))
    assert doubts(of, {"prompt": [ASK, CALLED, SAID], "response": "It is 42."}) == expected


@pytest.mark.parametrize(
    "thought",
    [THOUGHT, {"role": "assistant", "content": "It is 42.", "reasoning_content": "First the tens."}],
)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("m.content.split('</think>')[-1]", {EARLIER_REASONING}),
        ("(m.reasoning_content or '') + m.content", set()),
        ("m.content if m.role == 'user' else ''", {EARLIER_REASONING, TEXT_CHANGED}),
    ],
)
def test_reasoning_of_earlier_turns(model, text, expected, thought):
    of = student(model, PLAIN.replace("TEXT", text))
    assert doubts(of, {"prompt": [ASK, thought, ASK], "response": "It is 42."}) == expected


@pytest.mark.parametrize(
    "turn",
    [
        {"content": "", "tool_calls": "add(17, 25)"},
        {"content": "", "tool_calls": ["add"]},
        {"content": "", "tool_calls": [{"function": "add"}]},
        {"content": "It is 42.", "reasoning_details": "First the tens."},
        {"content": "It is 42.", "function_call": {"name": "add"}},
    ],
)
def test_parts_of_earlier_turns_that_no_template_reads(model, turn):
    of = student(model, PLAIN.replace("TEXT", "m.content"))
    row = {"prompt": [ASK, {"role": "assistant"} | turn, ASK], "response": "It is 42."}
    assert doubts(of, row) == {TEXT_CHANGED}


def test_messages_between_scored_turns(model):
    of = student(model, PLAIN.replace("TEXT", "m.content if m.role != 'system' else ''"))
    answer = {"role": "assistant", "content": "It is 42."}
    settings = {"messages_column": "messages", "splitter": "turn"}
    assert doubts(of, {"messages": [ASK, answer, ASK, answer]}, **settings) == set()
    assert doubts(of, {"messages": [ASK, answer, SYSTEM, ASK, answer]}, **settings) == {TEXT_CHANGED}


@pytest.mark.parametrize("flag", ["/no_think", "/think"])
def test_switches_in_messages_may_be_left_out(model, flag):
    of = student(model, PLAIN.replace("TEXT", "m.content.replace('/no_think', '').replace('/think', '')"))
    asked = [
        {"role": "system", "content": f"Be brief. {flag}"},
        ASK | {"content": ASK["content"] + f" {flag}"},
    ]
    assert doubts(of, {"prompt": asked, "response": "It is 42."}) == set()
    # Nemotron's template takes them out of paths, too.
    path = [ASK | {"content": "Is /think/tank a path?"}]
    assert doubts(of, {"prompt": path, "response": "It is."}) == "template_refused"


HEADER = PLAIN.replace("TEXT", "m.content")


@pytest.mark.parametrize(
    ("make", "prompt", "response", "doubt"),
    [
        (tiny_tokenizers.chat, None, "It is 42.", None),
        (tiny_tokenizers.metaspace, None, "It is 42.", LEADING_SPACE),
        (tiny_tokenizers.metaspace, "Q: {prompt}\nA: ", "It is 42.", None),
        (tiny_tokenizers.chat, "Q: {prompt}\nA: ", "The answer is 42.", SEAM),
        (tiny_tokenizers.chat, "Q: {prompt}\nA:", " The answer is 42.", None),
        # The last two tokens of the prompt would be one, and those of the response the same.
        (tiny_tokenizers.chat, "Q: {prompt}\n\n", "The answer is 42.", None),
    ],
)
def test_other_tokens_at_the_seam(model, make, prompt, response, doubt):
    of = student(model, HEADER, make)
    tokenizer = of.tokenizer
    row = {"prompt": ASK["content"], "response": response}
    settings = {"prompt_template": prompt} if prompt else {}
    scorer = LocalScorer(of, **settings)
    planned = scorer.planned({name: [value] for name, value in row.items()})
    encoded = planned[0].encoded
    whole = tokenizer(encoded.shown + response, add_special_tokens=False)["input_ids"]
    assert (whole[-len(encoded.response) :] != encoded.response.tolist()) is (doubt is not None)
    assert encoded.doubts == ({doubt} if doubt else set())
    assert len(scorer.show(row).notes) == bool(doubt)
    assert count_doubts(planned) == ({SEAM: 1} if doubt == SEAM else {})


HARMONY = (
    "{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% if m.thinking %}<|start|>assistant<|channel|>analysis<|message|>{{ m.thinking }}<|end|>{% endif %}"
    "<|start|>assistant<|channel|>final<|message|>{{ m.content }}<|return|>"
    "{% else %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}<|start|>assistant{% endif %}"
)
EMPTY_BLOCK = HEADER.replace(
    "{{ m.content }}", "{{ '<think>\n\n</think>\n\n' if m.role == 'assistant' else '' }}{{ m.content }}"
)

TO_USER = HEADER.replace(
    "{{ m.content }}", "{{ '(to the user)' if m.role == 'assistant' else '' }}{{ m.content }}"
)


@pytest.mark.parametrize(
    ("template", "response", "expected"),
    [
        (HARMONY, "It is 42.", {HEADER_MISSING}),
        (HARMONY, "<think>We add.</think>It is 42.", {HEADER_MISSING, OTHER_TAGS}),
        (HARMONY, "<|channel|>final<|message|>It is 42.", set()),
        (HARMONY, "<|start|>assistant<|channel|>analysis<|message|>We add.<|end|>", set()),
        (EMPTY_BLOCK, "It is 42.", {HEADER_MISSING}),
        (EMPTY_BLOCK, "<think>\nWe add.\n</think>\n\nIt is 42.", set()),
        (EMPTY_BLOCK, "<think>\n\n</think>\n\nIt is 42.", set()),
        (EMPTY_BLOCK, "We add.\n</think>\n\nIt is 42.", {REASONING_NOT_OPENED}),
        (HEADER, "It is 42.", set()),
        (HEADER, "<think>\nWe add.\n</think>\n\nIt is 42.", set()),
        # Tags of another family.
        (TO_USER, "<think>\nWe add.\n</think>\n\nIt is 42.", {HEADER_MISSING}),
    ],
)
def test_what_the_template_writes_before_an_answer(model, template, response, expected):
    of = student(model, template)
    found = doubts(of, {"prompt": ASK["content"], "response": response})
    assert found == expected
    messages = [ASK, {"role": "assistant", "content": "It is 42."}]
    assert doubts(of, {"messages": messages}, messages_column="messages") == set()


KIMI = HEADER.replace(
    "{{ m.content }}",
    "{% if m.role == 'assistant' %}<think>{{ m.reasoning_content or '' }}</think>{% endif %}{{ m.content }}",
)


def test_reasoning_in_a_content_before_which_the_template_writes_an_empty_block(model):
    of = student(model, KIMI)
    beside = {"role": "assistant", "content": "It is 42.", "reasoning_content": "First the tens."}
    for answer, expected in ((THOUGHT, {REASONING_TWICE}), (beside, set())):
        assert doubts(of, {"messages": [ASK, answer]}, messages_column="messages") == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [(MISTRAL, {OTHER_TAGS}), (HARMONY, {OTHER_TAGS}), (GEMMA, {OTHER_TAGS}), (QWEN, set()), (HEADER, set())],
)
def test_reasoning_in_tags_of_another_family(model, template, expected):
    """A template without tags of its own says nothing against others."""
    of = student(model, template)
    has_switch = "enable_thinking" in template
    settings = {"chat_template_kwargs": {"enable_thinking": True} if has_switch else None}
    row = {"prompt": ASK["content"], "response": THOUGHT["content"]}
    assert doubts(of, row, **settings) & {OTHER_TAGS} == expected
    assert doubts(of, row | {"response": "It is 42."}, **settings) & {OTHER_TAGS} == set()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"response": '{"choices": [{"message": {"role": "assistant", "content": "5."}}]}'}, OBJECT_AS_TEXT),
        ({"response": "{'role': 'assistant', 'content': '5.'}"}, OBJECT_AS_TEXT),
        ({"response": "ChatCompletionMessage(content='5.', role='assistant')"}, OBJECT_AS_TEXT),
        ({"response": '[{"role": "assistant", "content": "5."}]'}, OBJECT_AS_TEXT),
        ({"prompt": '[{"role": "user", "content": "2 + 3?"}]'}, OBJECT_AS_TEXT),
        ({"response": '{"sum": 5, "parts": [2, 3]}'}, None),
        ({"response": "[2, 3] add up to 5."}, None),
        ({"response": "\ufeffIt is 5."}, BYTE_ORDER_MARK),
        ({"response": "It is \ufffd\ufffd 5."}, REPLACEMENT),
        ({"response": "It is 5.<|im_end|>\n"}, END_WRITTEN),
        ({"response": "It is 5.<eos>"}, END_WRITTEN),
        ({"response": "It is 5.<|eot_id|>"}, END_WRITTEN),  # of another family
        ({"response": "It is 5.</s> "}, END_WRITTEN),
        ({"response": "It is <|im_end|> 5."}, None),
    ],
)
def test_texts_that_are_not_what_a_teacher_wrote(model, row, expected):
    found = doubts(student(model, HEADER), {"prompt": "2 + 3?", "response": "It is 5."} | row)
    assert found == ({expected} if expected else set())


CALLS = HEADER.replace(
    "{{ m.content }}", "{{ m.content }}{% for c in m.tool_calls or [] %}{{ c.function | tojson }}{% endfor %}"
)


@pytest.mark.parametrize("is_earlier", [False, True])
@pytest.mark.parametrize(
    ("template", "arguments", "is_told"),
    [
        (CALLS, '{"city": "Ulm"}', True),
        (CALLS, {"city": "Ulm"}, False),
        (CALLS, "{}", False),
        (
            CALLS.replace("c.function | tojson", "c.function.name + c.function.arguments"),
            '{"city": "Ulm"}',
            False,
        ),
    ],
)
def test_arguments_that_are_texts_and_quoted_once_more(model, template, arguments, is_told, is_earlier):
    call = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"function": {"name": "w", "arguments": arguments}}],
    }
    chat = [{"role": "user", "content": "Weather?"}, call]
    chat += (
        [{"role": "user", "content": "So?"}, {"role": "assistant", "content": "Sun."}] if is_earlier else []
    )
    found = doubts(student(model, template), {"messages": chat}, messages_column="messages")
    assert (ARGUMENTS_QUOTED in found) == is_told


SWITCHED = HEADER.replace("assistant\n", "assistant\n{% if think %}<think>\n{% endif %}")
ON = {"think": True, "custom": "x", "tools": None}


@pytest.mark.parametrize(
    ("column", "settings", "expected"),
    [
        (ON, {}, {OTHER_SWITCHES}),
        ('{"think": true}', {}, {OTHER_SWITCHES}),
        (ON, {"chat_template_kwargs": {"think": True}}, set()),
        ({"think": False}, {"chat_template_kwargs": {"think": True}}, {OTHER_SWITCHES}),
        ({"think": False, "custom": "x"}, {}, set()),  # what the template does anyway
        ({"think": None}, {}, set()),
        (None, {}, set()),
        (ON, {"prompt_template": "{prompt}:"}, set()),
        (ON, {"include_prompt": False}, set()),
    ],
)
def test_variables_of_a_row_that_change_its_prompt(model, column, settings, expected):
    row = {"prompt": "2 + 3?", "response": "We add.</think>It is 5.", "chat_template_kwargs": column}
    found = doubts(student(model, SWITCHED), row, **settings)
    assert found & {OTHER_SWITCHES} == expected


def test_it_is_told_once_with_the_number_of_rows(model, caplog):
    of = student(model, PLAIN.replace("TEXT", "m.content if m.role == 'user' else ''"))
    scorer = LocalScorer(of)
    rows = {"prompt": [[SYSTEM, ASK], [ASK], [SYSTEM, ASK]], "response": ["It is 42."] * 3}
    with caplog.at_level(logging.WARNING, "local_naturalness"):
        assert scorer(rows)["local_naturalness_status"] == ["ok"] * 3
        scorer(rows)
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(
        "In 2 of the first 3 rows the student's chat template leaves out or changes a text"
    )
    assert told.startswith(in_words(TEXT_CHANGED, "In 2 of the first 3 rows", ""))
