"""Windows that do not fit into the student's context, against a plain loop that drops what does not fit."""

from itertools import pairwise

import pytest
from plain_loop import first_step_seen, joined, log_probs, mean, mean_over_steps, prompt_ids, step_ids
from texts import RESPONSE
from tiny_models import tiny_model

from local_naturalness import GlobalScorer, LocalScorer

PROMPT = "What?"


@pytest.fixture(scope="module", params=[64, 40, 24])
def model(request):
    return tiny_model("llama", max_position_embeddings=request.param)


def limited_local_log_probs(model, prompt, steps, window):
    """As `local_log_probs`, dropping the oldest steps; a step that does not fit goes in halves of it."""
    room = model.config.max_position_embeddings - len(prompt)
    scored = []
    for i, step in enumerate(steps):
        seen = steps[first_step_seen(i, window) : i]
        if len(step) <= room:
            while len(joined(seen)) + len(step) > room:
                seen = seen[1:]
            scored.append(log_probs(model, prompt + joined(seen), step))
        else:
            before, values = joined(seen), []
            for start in range(0, len(step), room // 2):
                piece = step[start : start + room // 2]
                context = (before + step[:start])[-(room - len(piece)) :]
                values += log_probs(model, prompt + context, piece)
            scored.append(values)
    return scored


@pytest.mark.parametrize("window", [0, 1, 4])
def test_local_scores(model, tokenizer, window):
    prompt, steps = prompt_ids(tokenizer, PROMPT), step_ids(tokenizer, RESPONSE)
    expected = limited_local_log_probs(model, prompt, steps, window)

    scorer = LocalScorer(model, tokenizer=tokenizer, window=window, return_steps=True)
    row = scorer({"prompt": PROMPT, "response": RESPONSE})

    assert row["step_scores"] == pytest.approx([mean(step) for step in expected], abs=2e-5)
    assert row["local_naturalness"] == pytest.approx(mean_over_steps(expected), abs=1e-5)
    assert row["num_tokens"] == len(joined(steps))


def status(context, tokenizer, scorer=LocalScorer, response=RESPONSE, **settings):
    model = tiny_model("llama", max_position_embeddings=context)
    row = scorer(model, tokenizer=tokenizer, **settings)({"prompt": PROMPT, "response": response})
    return row[f"{scorer.criterion}_status"]


def test_status_says_what_was_done(tokenizer):
    prompt = len(prompt_ids(tokenizer, PROMPT))
    lengths = [len(step) for step in step_ids(tokenizer, RESPONSE)]
    longest = prompt + max(lengths)
    widest = prompt + max(a + b for a, b in pairwise(lengths))

    assert status(widest, tokenizer, window=1) == "ok"
    assert status(widest - 1, tokenizer, window=1) == "context_trimmed"
    assert status(longest, tokenizer, window=0) == "ok"
    assert status(longest, tokenizer, window=1) == "context_trimmed"
    assert status(longest - 1, tokenizer, window=1) == "step_in_pieces"
    assert status(longest - 1, tokenizer, window=0) == "step_in_pieces"
    assert status(prompt + 1, tokenizer) == "step_in_pieces"
    assert status(prompt, tokenizer) == "prompt_too_long"


@pytest.mark.parametrize(("scorer", "settings"), [(GlobalScorer, {}), (LocalScorer, {"window": None})])
def test_full_passes_need_room_for_everything(tokenizer, scorer, settings):
    prompt = len(prompt_ids(tokenizer, PROMPT))
    everything = prompt + len(joined(step_ids(tokenizer, RESPONSE)))
    assert status(everything, tokenizer, scorer, **settings) == "ok"
    assert status(everything - 1, tokenizer, scorer, **settings) == "too_long_for_global"
    assert status(prompt, tokenizer, scorer, **settings) == "prompt_too_long"


def test_a_response_a_hundred_times_the_context(tokenizer):
    model = tiny_model("llama", max_position_embeddings=48)
    response = (RESPONSE + "\n\n") * 40
    prompt, steps = prompt_ids(tokenizer, PROMPT), step_ids(tokenizer, response)
    assert len(joined(steps)) > 100 * 48

    row = LocalScorer(model, tokenizer=tokenizer)({"prompt": PROMPT, "response": response})

    expected = limited_local_log_probs(model, prompt, steps, window=4)
    assert row["local_naturalness"] == pytest.approx(mean_over_steps(expected), abs=1e-5)
    assert row["local_naturalness_status"] == "context_trimmed"
    assert row["num_tokens"] == len(joined(steps))


def test_a_model_without_a_limit_has_no_long_responses(tokenizer):
    model = tiny_model("mamba")
    del model.config.max_position_embeddings
    row = GlobalScorer(model, tokenizer=tokenizer)({"prompt": PROMPT, "response": RESPONSE * 8})
    assert row["global_naturalness_status"] == "ok"
