"""Every row says why it has no score: status, null and counts of 0."""

import pytest
import torch
from texts import RESPONSE
from tiny_models import tiny_model

from local_naturalness import GlobalScorer, LocalScorer

LONG_PROMPT = "word " * 400
UNSCORED = {
    # status: prompt, response
    "missing_response": ("Hi", None),
    "missing_prompt": (None, "So."),
    "empty_response": ("Hi", " \n\t"),
    "lone_surrogate": ("Hi", "It is \ud83d now."),
    "prompt_too_long": (LONG_PROMPT, "So."),
    "too_long_for_global": ("Hi", RESPONSE * 8),
    "non_finite": ("Hi", "a zero"),
}
PRECEDENCE = [
    (None, None, "missing_response"),
    (None, "", "missing_prompt"),
    (LONG_PROMPT, "", "empty_response"),
    ("\udc00" + LONG_PROMPT, "So.", "lone_surrogate"),
    ([{"role": "user", "content": "It is \ud83d."}], "So.", "lone_surrogate"),
    (LONG_PROMPT, RESPONSE * 8, "prompt_too_long"),
    ("Hi", RESPONSE * 8 + "z", "too_long_for_global"),
]
FULL_PASSES = {
    "global": (GlobalScorer, {"statistics": ["rank", "brier", "entropy", "steps"]}),
    "local": (LocalScorer, {"window": None, "return_steps": True, "max_steps": 9}),
}


@pytest.fixture(scope="module")
def model(tokenizer):
    """Knows every letter but one, which turns what follows into NaN."""
    model = tiny_model("llama", max_position_embeddings=256)
    with torch.no_grad():
        model.get_input_embeddings().weight[tokenizer.convert_tokens_to_ids("z")] = torch.nan
    return model


@pytest.fixture(scope="module", params=FULL_PASSES)
def scorer(request, model, tokenizer):
    scorer, settings = FULL_PASSES[request.param]
    return scorer(model, tokenizer=tokenizer, **settings)


@pytest.mark.parametrize("status", UNSCORED)
def test_unscored_row(scorer, status):
    prompt, response = UNSCORED[status]
    row = scorer({"prompt": prompt, "response": response})

    assert row.pop(f"{scorer.criterion}_status") == status
    assert row.pop(f"{scorer.criterion}_spec") == scorer.spec
    assert row.pop("num_tokens") == row.pop("num_steps") == 0
    assert (row.pop("prompt_key") is None) == (prompt is None)
    assert len(row) >= 3
    assert set(row.values()) == {None}


def test_an_unscored_row_does_not_touch_its_neighbours(scorer):
    """One batch with every kind, good rows first, last and between."""
    good = {"prompt": ["Hi"], "response": ["So it is."]}
    alone = scorer(good)
    prompts, responses = zip(*UNSCORED.values(), strict=True)
    mixed = {
        "prompt": good["prompt"] + [p for prompt in prompts for p in (prompt, "Hi")],
        "response": good["response"] + [r for response in responses for r in (response, "So it is.")],
    }
    scored = scorer(mixed)
    for name, values in scored.items():
        if isinstance(alone[name][0], float):
            assert values[0::2] == pytest.approx(alone[name] * (len(UNSCORED) + 1), abs=1e-5)
        elif name != "step_scores":
            assert values[0::2] == alone[name] * (len(UNSCORED) + 1)
    assert scored[f"{scorer.criterion}_status"][1::2] == list(UNSCORED)


@pytest.mark.parametrize(("prompt", "response", "status"), PRECEDENCE)
def test_the_first_reason_is_told(scorer, prompt, response, status):
    row = scorer({"prompt": prompt, "response": response})
    assert row[f"{scorer.criterion}_status"] == status


def test_a_long_response_is_scored_locally(model, tokenizer):
    row = LocalScorer(model, tokenizer=tokenizer)({"prompt": "Hi", "response": RESPONSE * 8})
    assert row["local_naturalness_status"] == "ok"


def test_infinity_is_not_a_score(tokenizer):
    """A token that the student holds for impossible has no finite log-probability."""
    model = tiny_model("llama")
    bias = torch.zeros(model.config.vocab_size)
    bias[tokenizer.convert_tokens_to_ids("z")] = -torch.inf
    model.get_output_embeddings().bias = torch.nn.Parameter(bias)
    rows = LocalScorer(model, tokenizer=tokenizer)({"prompt": ["z"] * 2, "response": ["a zero", "So."]})
    assert rows["local_naturalness_status"] == ["non_finite", "ok"]
    assert rows["local_naturalness"][0] is None


def test_one_token_and_odd_responses_are_scored(chat_tokenizer):
    responses = ["a", "<|im_end|>", "a<s>b", "So <think>\nit</think> is.", "\U0001f600", "\n.", "\u200b"]
    rows = {"prompt": ["Hi"] * len(responses), "response": responses}
    scored = LocalScorer(tiny_model("llama"), tokenizer=chat_tokenizer)(rows)
    assert scored["local_naturalness_status"] == ["ok"] * len(responses)
    assert all(score < 0 for score in scored["local_naturalness"])
    assert scored["num_tokens"][:3] == [1, 1, 3]


def test_counts_of_unscored_rows_are_logged(scorer, caplog):
    caplog.set_level("INFO", logger="local_naturalness")
    scorer({"prompt": ["Hi", "Hi", None, "Hi"], "response": ["", "So.", "x", ""]})
    assert f"{scorer.criterion}: 3 of 4 rows not scored (empty_response: 2, missing_prompt: 1)" in caplog.text


def test_a_prompt_of_no_messages_is_missing(chat_tokenizer):
    rows = {"prompt": [[], [{"role": "user", "content": "1 + 1?"}]], "response": ["2.", "2."]}
    scores = LocalScorer(tiny_model("llama"), tokenizer=chat_tokenizer)(rows)
    assert scores["local_naturalness_status"] == ["missing_prompt", "ok"]
