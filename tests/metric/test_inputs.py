"""Inputs come at once or in batches, under two names and of two kinds; what is wrong is explained."""

import numpy as np
import pytest

from local_naturalness import LocalScorer
from local_naturalness.embedded import student_path

CHAT = [{"role": "user", "content": "What is 2 + 3?"}]


def test_batches_are_gathered_whatever_their_form(metric):
    metric.add_batch(predictions=[None], references=[None])
    metric.add_batch(predictions=["5.", "5."], references=["What is 2 + 3?", CHAT])
    metric.add_batch(predictions=np.array(["5."]), prompts=(CHAT,))
    metric.add(prediction="5.", prompt=CHAT)
    metric.add(prediction="5.", reference="What is 2 + 3?")
    results = metric.compute(predictions=["5."], prompts=["What is 2 + 3?"], model_id=student_path())
    assert results["local_naturalness_status"] == ["missing_response"] + 6 * ["ok"]
    scores = results["local_naturalness"][1:]
    assert scores == pytest.approx(6 * scores[:1], abs=1e-5)


def test_references_are_another_name_for_prompts(metric, texts):
    results = metric.compute(
        predictions=texts["predictions"], references=texts["prompts"], model_id=student_path()
    )
    assert results == metric.compute(**texts, model_id=student_path())


def test_texts_survive_as_they_are(metric):
    response = 'Ünïcode 数学 "quotes" \\ \u2028 and <|end|>'
    results = metric.compute(predictions=[response], prompts=[response], model_id=student_path())
    row = LocalScorer(student_path())({"prompt": response, "response": response})
    assert results["local_naturalness"] == [row["local_naturalness"]]
    assert results["num_tokens"] == [row["num_tokens"]]


def test_a_second_result_does_not_hold_the_first(metric, texts):
    metric.compute(**texts, model_id=student_path())
    results = metric.compute(predictions=["5."], prompts=["p"], model_id=student_path())
    assert len(results["local_naturalness"]) == 1


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "`predictions` is missing"),
        ({"predictions": ["a"]}, "`prompts` is missing"),
        ({"prompts": ["a"]}, "`predictions` is missing"),
        ({"predictions": ["a"], "prompts": ["b", "c"]}, "found 1 `predictions` and 2 `prompts`"),
        ({"predictions": ["a"], "references": []}, "found 1 `predictions` and 0 `references`"),
        ({"predictions": ["a"], "prompts": ["b"], "references": ["b"]}, "another name for `prompts`"),
        ({"predictions": "a", "prompts": ["b"]}, "must be a list, found the text 'a'"),
        ({"predictions": ["a"], "prompts": {"prompt": ["b"]}}, "one value per row, found dict"),
        ({"predictions": {"a"}, "prompts": ["b"]}, "one value per row, found set"),
        ({"predictions": [1], "prompts": ["b"]}, "'predictions' must hold texts, found int 1"),
        ({"predictions": ["a"], "references": [3]}, "'references' must hold texts or lists of messages"),
        ({"predictions": ["a"], "prompts": [[{"text": "b"}]]}, "messages with 'role' and 'content'"),
    ],
)
def test_wrong_inputs(metric, inputs, message):
    with pytest.raises((TypeError, ValueError), match=message):
        metric.compute(**inputs, model_id=student_path())
    assert len(metric) == 0


def test_everything_is_named(metric, texts):
    with pytest.raises(TypeError, match="positional"):
        metric.compute(texts["predictions"], texts["prompts"])
    with pytest.raises(TypeError, match="'windows'"):
        metric.compute(**texts, model_id=student_path(), windows=2)
