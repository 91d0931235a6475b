"""The metric's numbers are the scorer's."""

import math

import chat_templates
import pytest
import tiny_tokenizers

from local_naturalness import LocalScorer, Student
from local_naturalness.embedded import student_path
from local_naturalness.metric import naturalness

ROW_RESULTS = ["local_naturalness", "local_naturalness_status", "num_steps", "num_tokens"]


def scored(texts, **settings):
    rows = {"prompt": texts["prompts"], "response": texts["predictions"]}
    return LocalScorer(student_path(), **settings)(rows)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"window": 0},
        {"window": None},
        {"window": 1, "stride": 2},
        {"max_steps": 3, "seed": 3},
        {"weighting": "token"},
        {"include_prompt": False},
        {"splitter": "line"},
        {"prompt_template": "Q: {prompt}\nA: "},
        {"dtype": "bfloat16", "device": "cpu"},
        {"max_tokens_per_batch": 64},
    ],
    ids=str,
)
def test_scores_are_those_of_the_scorer(metric, texts, settings):
    results = metric.compute(**texts, model_id=student_path(), **settings)
    expected = scored(texts, **settings)
    assert results["local_naturalness"] == expected["local_naturalness"]
    assert {name: results[name] for name in ROW_RESULTS} == {name: expected[name] for name in ROW_RESULTS}
    assert list(results) == ["mean_local_naturalness", *ROW_RESULTS]
    assert results["mean_local_naturalness"] == pytest.approx(sum(expected["local_naturalness"]) / 3)


def test_a_student_scores_as_its_name_does(metric, texts):
    named = metric.compute(**texts, model_id=student_path())
    assert metric.compute(**texts, student=Student(student_path())) == named


def test_conversations_score_as_the_texts_they_hold(metric, texts):
    chats = [[{"role": "user", "content": prompt}] for prompt in texts["prompts"]]
    results = metric.compute(predictions=texts["predictions"], prompts=chats, model_id=student_path())
    assert results == metric.compute(**texts, model_id=student_path())


def test_long_inputs_are_scored_in_parts_and_in_order(metric, texts, monkeypatch):
    whole = metric.compute(**texts, model_id=student_path())
    monkeypatch.setattr(naturalness, "_ROWS_AT_ONCE", 2)
    parts = metric.compute(**texts, model_id=student_path())
    assert parts["local_naturalness"] == pytest.approx(whole["local_naturalness"], abs=1e-5)
    assert parts["num_tokens"] == whole["num_tokens"]


def test_what_cannot_be_scored_is_none_and_left_out_of_the_mean(metric):
    results = metric.compute(
        predictions=[None, "5.", " ", "5."], prompts=["p", None, "p", "p"], model_id=student_path()
    )
    assert results["local_naturalness_status"] == [
        "missing_response",
        "missing_prompt",
        "empty_response",
        "ok",
    ]
    assert results["local_naturalness"][:3] == [None, None, None]
    assert results["num_steps"] == [0, 0, 0, 1]
    assert results["mean_local_naturalness"] == results["local_naturalness"][3]


@pytest.mark.parametrize("predictions", [[], [None]])
def test_the_mean_of_nothing_is_nan(metric, predictions):
    results = metric.compute(
        predictions=predictions, prompts=["p"] * len(predictions), model_id=student_path()
    )
    assert math.isnan(results["mean_local_naturalness"])
    assert results["local_naturalness"] == predictions


def test_switches_reach_the_chat_template(metric, texts, model):
    tokenizer = tiny_tokenizers.chat()
    tokenizer.chat_template = chat_templates.QWEN
    student = Student(model, tokenizer=tokenizer)
    switches = {"chat_template_kwargs": {"enable_thinking": True}}
    rows = {"prompt": texts["prompts"], "response": texts["predictions"]}
    results = metric.compute(**texts, student=student, **switches)["local_naturalness"]
    assert results == LocalScorer(student, **switches)(rows)["local_naturalness"]
    assert results != metric.compute(**texts, student=student)["local_naturalness"]
