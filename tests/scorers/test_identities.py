"""Relations between scores that hold whatever the model."""

import pytest
from texts import PROMPT, RESPONSE

from local_naturalness import GlobalScorer, LocalScorer, split_steps

# Lengths from one token to eight steps, so that batches are ragged.
ROWS = {
    "prompt": [PROMPT, "Hi", PROMPT, "Add 1 and 2.", "Hi", PROMPT],
    "response": [RESPONSE, "So.", "It is 3. Done.", RESPONSE[40:], "x", RESPONSE * 2],
}


@pytest.fixture(scope="module")
def local(model, tokenizer):
    def score(rows=ROWS, **settings):
        return LocalScorer(model, tokenizer=tokenizer, **settings)(rows)["local_naturalness"]

    return score


@pytest.fixture(scope="module")
def over_all_tokens(model, tokenizer):
    return GlobalScorer(model, tokenizer=tokenizer, statistics=["steps"])(ROWS)


def close(scores):
    return pytest.approx(scores, abs=1e-5)


@pytest.mark.parametrize("window", [0, 4, 0.25, None])
@pytest.mark.parametrize("weighting", ["step", "token"])
def test_one_step_local_is_global(model, tokenizer, window, weighting):
    row = {"prompt": PROMPT, "response": "Only this one"}
    local = LocalScorer(model, tokenizer=tokenizer, window=window, weighting=weighting)(row)
    assert local["num_steps"] == 1
    overall = GlobalScorer(model, tokenizer=tokenizer)(row)
    assert local["local_naturalness"] == close(overall["global_naturalness"])


def test_all_steps_by_token_is_global(local, over_all_tokens):
    assert local(window=None, weighting="token") == close(over_all_tokens["global_naturalness"])


def test_all_steps_is_global_by_step(local, over_all_tokens):
    assert local(window=None) == close(over_all_tokens["global_naturalness_by_step"])


def test_parts_of_the_full_pass_are_those_of_all_steps(model, tokenizer):
    rows = LocalScorer(model, tokenizer=tokenizer, window=None, return_steps=True)(ROWS)
    over_all = GlobalScorer(model, tokenizer=tokenizer, return_steps=True)
    parts = over_all(ROWS)
    assert parts["step_spans"] == rows["step_spans"]
    for means, same, lengths, score in zip(
        parts["global_step_scores"],
        rows["step_scores"],
        parts["step_tokens"],
        parts["global_naturalness"],
        strict=True,
    ):
        assert means == close(same)
        assert sum(n * mean for n, mean in zip(lengths, means, strict=True)) / sum(lengths) == close(score)
    assert over_all.spec == GlobalScorer(model, tokenizer=tokenizer, statistics=["steps"]).spec


def test_weighings_and_windows_differ(local, over_all_tokens):
    """The two identities above do not hold because everything is equal."""
    longest = ROWS["response"].index(RESPONSE * 2)
    assert local(window=None)[longest] != close(local(window=None, weighting="token")[longest])
    assert local()[longest] != close(over_all_tokens["global_naturalness_by_step"][longest])


def test_a_window_that_reaches_the_first_step_is_all_steps(local):
    row = {"prompt": PROMPT, "response": RESPONSE}
    steps_before_the_last = len(split_steps(RESPONSE)) - 1
    assert local(row, window=steps_before_the_last) == close(local(row, window=None))
    assert local(row, window=steps_before_the_last + 5) == close(local(row, window=None))
    assert local(row, window=steps_before_the_last - 1) != close(local(row, window=None))


@pytest.mark.parametrize("max_tokens", [1, 40, 300, 100_000])
def test_the_token_budget_does_not_matter(local, max_tokens):
    assert local(max_tokens_per_batch=max_tokens) == close(local())


def test_the_order_of_rows_does_not_matter(local):
    backwards = {name: values[::-1] for name, values in ROWS.items()}
    assert local(backwards)[::-1] == close(local())


def test_scoring_rows_apart_or_together_does_not_matter(local):
    apart = [
        local({"prompt": prompt, "response": response})
        for prompt, response in zip(*ROWS.values(), strict=True)
    ]
    assert apart == close(local())


def test_how_steps_were_found_does_not_matter(local):
    given = ROWS | {"steps": [split_steps(response) for response in ROWS["response"]]}
    assert local(given, steps_column="steps") == close(local())
    assert local(splitter=split_steps) == close(local())
