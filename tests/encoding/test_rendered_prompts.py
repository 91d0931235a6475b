"""Prompts that were rendered already, and reasoning that nothing opens: they are scored, with a warning."""

import logging

import pytest

from local_naturalness import LocalScorer
from local_naturalness.embedded import student_path
from local_naturalness.encoding.rendered_prompts import is_rendered

HEADERS = [
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n",
    "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    "<bos><start_of_turn>user\nHi<end_of_turn>\n<start_of_turn>model\n",
    "<s>[INST] Hi [/INST]",
    "<｜begin▁of▁sentence｜><｜User｜>Hi<｜Assistant｜><think>\n",
    "<|start|>user<|message|>Hi<|end|><|start|>assistant",
    "<|user|>\nHi<|end|>\n<|assistant|>\n",
    "<|start_of_role|>user<|end_of_role|>Hi<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>",
]


@pytest.mark.parametrize("prompt", HEADERS)
def test_headers_of_families_are_known(prompt):
    assert is_rendered(prompt)
    assert is_rendered([{"role": "user", "content": prompt}])


@pytest.mark.parametrize(
    "prompt",
    [
        "Hi",
        "What does <|im_start|>assistant mean?",
        "Write [/INST] twice.",
        [{"role": "user", "content": None}],
    ],
)
def test_questions_are_no_rendered_prompts(prompt):
    assert not is_rendered(prompt)


def told(caplog, rows, **settings):
    caplog.clear()
    with caplog.at_level(logging.WARNING, "local_naturalness"):
        LocalScorer(student_path(), **settings)(rows)
    return caplog.text


RENDERED = "<|turn|>user\nWhat is 2 + 3?<|end|>\n<|turn|>assistant\n"


def test_a_rendered_prompt_is_told(caplog):
    rows = {"prompt": ["What is 2 + 3?", RENDERED], "response": ["It is 5."] * 2}
    assert "In 1 of the first 2 rows the prompt was already rendered" in told(caplog, rows)
    assert "rendered" not in told(caplog, rows, prompt_template="{prompt}")


def test_the_remedy_gives_the_score_of_the_question(caplog):
    question = {"prompt": ["What is 2 + 3?"], "response": ["It is 5."]}
    rendered = {"prompt": [RENDERED], "response": ["It is 5."]}
    wanted = LocalScorer(student_path())(question)["local_naturalness"]
    assert LocalScorer(student_path(), prompt_template="{prompt}")(rendered)["local_naturalness"] == wanted
    assert LocalScorer(student_path())(rendered)["local_naturalness"] != wanted


@pytest.mark.parametrize(
    ("response", "is_told"),
    [
        ("2 + 3 is 5.\n</think>\n\nIt is 5.", True),
        ("2 + 3 is 5.[/THINK]It is 5.", True),
        ("<think>\n2 + 3 is 5.\n</think>\n\nIt is 5.", False),
        ("It is 5.", False),
    ],
)
def test_reasoning_that_nothing_opens_is_told(caplog, response, is_told):
    rows = {"prompt": ["What is 2 + 3?"], "response": [response]}
    assert ("neither the prompt nor the response opens" in told(caplog, rows)) == is_told


def test_reasoning_that_the_prompt_opens_is_not_told(caplog):
    rows = {"prompt": ["What is 2 + 3?"], "response": ["2 + 3 is 5.\n</think>\n\nIt is 5."]}
    assert "opens" not in told(caplog, rows, prompt_template="{prompt}\n<think>\n")


def test_turns_of_a_rendered_conversation_are_told(caplog):
    messages = [{"role": "user", "content": RENDERED}, {"role": "assistant", "content": "It is 5."}]
    settings = {"messages_column": "messages", "splitter": "turn"}
    assert "already rendered" in told(caplog, {"messages": [messages]}, **settings)
