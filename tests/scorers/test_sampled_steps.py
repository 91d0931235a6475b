"""`max_steps`: a random sample of steps whose mean estimates the score of all of them."""

import math
import statistics

import pytest
from texts import PROMPT
from tiny_models import tiny_model

from local_naturalness import LocalScorer

# Steps of different lengths, so that weighing them by tokens is another number.
RESPONSE = " ".join("Then we add " + "one more " * (i % 4) + f"number {i}." for i in range(24))
ROW = {"prompt": PROMPT, "response": RESPONSE}


@pytest.fixture(scope="module")
def score(tokenizer):
    model = tiny_model("llama", num_hidden_layers=1)

    def score(row=ROW, **settings):
        return LocalScorer(model, tokenizer=tokenizer, window=1, return_steps=True, **settings)(row)

    return score


def sampled(row):
    return [i for i, mean in enumerate(row["step_scores"]) if mean is not None]


@pytest.mark.parametrize("max_steps", [24, 25, 1000])
def test_as_many_as_there_are_is_exact(score, max_steps):
    exact, row = score(), score(max_steps=max_steps)
    assert row["local_naturalness"] == exact["local_naturalness"]
    assert row["local_naturalness_stderr"] == 0
    assert "local_naturalness_stderr" not in exact


def test_sampled_steps_have_the_scores_that_they_have_among_all(score):
    exact, row = score(), score(max_steps=5)
    assert len(sampled(row)) == 5
    assert row["num_steps"] == 24
    for i in sampled(row):
        assert row["step_scores"][i] == pytest.approx(exact["step_scores"][i], abs=1e-5)
    mean = statistics.mean(row["step_scores"][i] for i in sampled(row))
    assert row["local_naturalness"] == pytest.approx(mean)


def test_standard_error_is_that_of_a_sample_without_replacement(score):
    row = score(max_steps=6)
    spread = statistics.stdev(row["step_scores"][i] for i in sampled(row))
    expected = spread / math.sqrt(6) * math.sqrt(1 - 6 / 24)
    assert row["local_naturalness_stderr"] == pytest.approx(expected)


def test_a_single_step_says_nothing_about_spread(score):
    assert score(max_steps=1)["local_naturalness_stderr"] is None


def test_the_sample_belongs_to_the_content_and_the_seed(score):
    rows = {
        "prompt": [PROMPT, PROMPT, "Another prompt", PROMPT],
        "response": [RESPONSE, RESPONSE + " End.", RESPONSE, RESPONSE],
    }
    batch = score(rows, max_steps=6)
    samples = [[i for i, mean in enumerate(means) if mean is not None] for means in batch["step_scores"]]
    assert samples[0] == samples[3] == sampled(score(max_steps=6))
    assert samples[0] != samples[1]
    assert samples[0] != samples[2]
    assert samples[0] != sampled(score(max_steps=6, seed=1))


def test_the_order_of_a_messages_keys_is_not_content(model, chat_tokenizer):
    scorer = LocalScorer(model, tokenizer=chat_tokenizer, max_steps=3)
    one = scorer({"prompt": [{"role": "user", "content": "Hi"}], "response": RESPONSE})
    other = scorer({"prompt": [{"content": "Hi", "role": "user"}], "response": RESPONSE})
    assert one == other


@pytest.mark.parametrize("weighting", ["step", "token"])
def test_unbiased_and_covered_by_its_standard_error(score, weighting):
    exact = score(weighting=weighting)["local_naturalness"]
    rows = [score(max_steps=12, seed=seed, weighting=weighting) for seed in range(100)]
    errors = [row["local_naturalness"] - exact for row in rows]

    # The mean error of 100 samples strays by a tenth of the error of one.
    assert abs(statistics.mean(errors)) < 3.5 * statistics.stdev(errors) / math.sqrt(len(rows))
    # Student's t with 11 degrees of freedom: 95 % lie within 2.2 standard errors.
    covered = [
        abs(error) < 2.2 * row["local_naturalness_stderr"] for error, row in zip(errors, rows, strict=True)
    ]
    assert 0.88 < statistics.mean(covered) < 0.995
