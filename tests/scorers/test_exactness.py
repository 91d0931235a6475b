"""Scores equal plain loops, over architectures, families of tokenizers, windows and weightings."""

from functools import cache
from itertools import combinations

import pytest
from plain_loop import (
    joined,
    local_log_probs,
    log_probs,
    mean,
    mean_over_steps,
    mean_over_tokens,
    prompt_ids,
    step_ids,
)
from texts import EIGHT_STEPS, PROMPT, RESPONSE
from tiny_models import tiny_model
from tiny_tokenizers import FAMILIES

from local_naturalness import GlobalScorer, LocalScorer, Student, split_steps

# Every family for the common architectures; then what is unusual behind or inside the layers: capped and
# scaled logits, and recurrent states instead of a cache of keys.
STUDENTS = [
    (architecture, family)
    for architecture in ("llama", "qwen2", "gpt2", "gemma3_text", "gpt_neox")
    for family in FAMILIES
] + [("gemma2", "chat"), ("granite", "metaspace"), ("cohere", "metaspace"), ("mamba", "chat")]
STUDENTS += [("qwen3_next", "byte_level")]
WINDOWS = [(0, 1), (1, 1), (4, 1), (0.25, 1), (None, 1), (0, 3), (1, 3), (4, 3)]


@cache
def student(architecture, family):
    model, tokenizer = tiny_model(architecture), FAMILIES[family]()
    return model, tokenizer, Student(model, tokenizer=tokenizer)


def test_the_text_has_the_steps_that_the_tests_speak_of():
    assert split_steps(RESPONSE) == EIGHT_STEPS


@pytest.mark.parametrize("include_prompt", [True, False], ids=["prompt", "no-prompt"])
@pytest.mark.parametrize(("window", "stride"), WINDOWS)
@pytest.mark.parametrize(("architecture", "family"), STUDENTS)
def test_local_scores(architecture, family, window, stride, include_prompt):
    model, tokenizer, scored_by = student(architecture, family)
    steps = step_ids(tokenizer, RESPONSE)
    expected = local_log_probs(model, prompt_ids(tokenizer, PROMPT, include_prompt), steps, window, stride)

    settings = {"window": window, "stride": stride, "include_prompt": include_prompt}
    row = {"prompt": PROMPT, "response": RESPONSE}
    by_step = LocalScorer(scored_by, return_steps=True, **settings)(row)
    by_token = LocalScorer(scored_by, weighting="token", **settings)(row)

    assert by_step["local_naturalness"] == pytest.approx(mean_over_steps(expected), abs=1e-5)
    assert by_token["local_naturalness"] == pytest.approx(mean_over_tokens(expected), abs=1e-5)
    assert by_step["step_scores"] == pytest.approx([mean(step) for step in expected], abs=2e-5)
    assert by_step["num_steps"] == 8
    assert by_step["num_tokens"] == len(joined(steps))
    assert by_step["local_naturalness_status"] == by_token["local_naturalness_status"] == "ok"


@pytest.mark.parametrize(("architecture", "family"), STUDENTS)
def test_windows_can_be_told_apart_by_these_models(architecture, family):
    """Otherwise equality with the loop would say little."""
    scored_by = student(architecture, family)[2]
    row = {"prompt": PROMPT, "response": RESPONSE}
    scores = [
        LocalScorer(scored_by, window=window, stride=stride, return_steps=True)(row)["step_scores"]
        for window, stride in WINDOWS
    ]
    for one, other in combinations(scores, 2):
        assert max(abs(a - b) for a, b in zip(one, other, strict=True)) > 1e-3


@pytest.mark.parametrize(("architecture", "family"), STUDENTS)
def test_global_scores(architecture, family):
    model, tokenizer, scored_by = student(architecture, family)
    response = joined(step_ids(tokenizer, RESPONSE))
    expected = log_probs(model, prompt_ids(tokenizer, PROMPT), response)

    row = GlobalScorer(scored_by)({"prompt": PROMPT, "response": RESPONSE})

    assert row["global_naturalness"] == pytest.approx(mean(expected), abs=1e-5)
    assert row["num_tokens"] == len(response)
    assert row["global_naturalness_status"] == "ok"
