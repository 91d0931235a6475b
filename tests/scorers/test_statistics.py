"""The columns that `GlobalScorer` adds equal their plain formulas."""

import math

import pytest
import torch
from plain_loop import joined, log_probs, mean, prompt_ids, step_ids
from texts import PROMPT, RESPONSE
from tiny_models import tiny_model

from local_naturalness import GlobalScorer
from local_naturalness.engine.token_statistics import token_statistics

ROW = {"prompt": PROMPT, "response": RESPONSE}


@pytest.fixture(scope="module")
def sharp_model():
    """Probabilities far from uniform, so that ranks on both sides of 100 and of the 50 likeliest occur."""
    return tiny_model("llama", seed=1, initializer_range=0.6)


@pytest.fixture(scope="module")
def scored(sharp_model, tokenizer):
    statistics = ["rank", "brier", "entropy", "steps"]
    return GlobalScorer(sharp_model, tokenizer=tokenizer, statistics=statistics)(ROW)


@pytest.fixture(scope="module")
def tokens(tokenizer):
    return joined(step_ids(tokenizer, RESPONSE))


@pytest.fixture(scope="module")
def surprisals(sharp_model, tokenizer, tokens):
    return [-log_prob for log_prob in log_probs(sharp_model, prompt_ids(tokenizer, PROMPT), tokens)]


@pytest.fixture(scope="module")
def distributions(sharp_model, tokenizer, tokens):
    """For every response token the probabilities of all tokens at its place."""
    prompt = prompt_ids(tokenizer, PROMPT)
    with torch.no_grad():
        logits = sharp_model(torch.tensor([prompt + tokens])).logits[0].double()
    return logits.softmax(-1)[len(prompt) - 1 : -1].tolist()


def rank(p, token):
    return 1 + sum(q > p[token] for q in p)


def brier(p, token):
    likeliest = sorted(range(len(p)), key=lambda i: -p[i])[:50]
    q = {i: p[i] / sum(p[j] for j in likeliest) for i in likeliest}
    return 1 - 2 * q.get(token, 0) + sum(value**2 for value in q.values())


def entropy(p):
    return -sum(q * math.log(q) for q in p)


def test_rank(scored, tokens, surprisals, distributions):
    ranks = [rank(p, token) for token, p in zip(tokens, distributions, strict=True)]
    assert min(ranks) < 100 < max(ranks)
    clipped = [min(rank, 100) for rank in ranks]
    assert scored["rank_surprisal_ratio"] == pytest.approx(sum(clipped) / sum(surprisals), abs=1e-5)
    assert scored["mean_clipped_rank"] == mean(clipped)


def test_brier(scored, tokens, distributions):
    expected = mean([brier(p, token) for token, p in zip(tokens, distributions, strict=True)])
    assert scored["brier"] == pytest.approx(expected, abs=1e-5)


def test_entropy(scored, distributions):
    assert scored["entropy"] == pytest.approx(mean([entropy(p) for p in distributions]), abs=1e-5)


def test_by_step_first_token_and_drop(scored, tokenizer, surprisals):
    steps, rest = [], [-surprisal for surprisal in surprisals]
    for step in step_ids(tokenizer, RESPONSE):
        steps.append(rest[: len(step)])
        rest = rest[len(step) :]
    assert scored["num_steps"] == 8
    assert scored["global_naturalness_by_step"] == pytest.approx(mean([mean(s) for s in steps]), abs=1e-5)
    assert scored["first_token_log_prob"] == pytest.approx(mean([s[0] for s in steps]), abs=1e-5)
    assert scored["global_naturalness_drop"] == pytest.approx(mean(joined([s[1:] for s in steps])), abs=1e-5)


def test_statistics_do_not_change_the_score(scored, sharp_model, tokenizer):
    plain = GlobalScorer(sharp_model, tokenizer=tokenizer)(ROW)
    assert plain["global_naturalness"] == pytest.approx(scored["global_naturalness"], abs=1e-7)
    assert not {"brier", "entropy", "rank_surprisal_ratio", "num_steps"} & plain.keys()


def test_a_response_of_one_token_has_nothing_but_a_first_token(sharp_model, tokenizer):
    row = GlobalScorer(sharp_model, tokenizer=tokenizer, statistics=["steps"])(
        {"prompt": "a", "response": "b"}
    )
    assert row["num_tokens"] == 1
    assert row["first_token_log_prob"] == row["global_naturalness"]
    assert row["global_naturalness_drop"] is None


def test_known_probabilities():
    """Probabilities 1/2, 1/4, 1/8, 1/8: worked by hand."""
    logits = torch.tensor([[0.5, 0.25, 0.125, 0.125]] * 3).log()
    target = torch.tensor([0, 1, 3])
    values = token_statistics(logits, target, ["log_prob", "rank", "brier", "entropy"])

    assert values["log_prob"].tolist() == pytest.approx([-math.log(2), -math.log(4), -math.log(8)])
    # A tie does not count against a token: both eighths have two tokens before them.
    assert values["rank"].tolist() == [1, 2, 3]
    sum_of_squares = 1 / 4 + 1 / 16 + 1 / 64 + 1 / 64
    expected = [1 - 2 * p + sum_of_squares for p in (1 / 2, 1 / 4, 1 / 8)]
    assert values["brier"].tolist() == pytest.approx(expected)
    assert values["entropy"].tolist() == pytest.approx([math.log(2) * (1 / 2 + 2 / 4 + 3 / 8 + 3 / 8)] * 3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_random_logits(dtype):
    logits = (3 * torch.randn(40, 500, generator=torch.Generator().manual_seed(0))).to(dtype)
    # Tokens on both sides of the 50 likeliest; in bfloat16 many are as likely as another one.
    target = torch.stack([logits[i].float().argsort(descending=True)[8 * i] for i in range(40)])
    values = token_statistics(logits, target, ["log_prob", "rank", "brier", "entropy"])

    distributions = logits.double().softmax(-1).tolist()
    pairs = list(zip(distributions, target.tolist(), strict=True))
    assert values["rank"].tolist() == [rank(p, token) for p, token in pairs]
    assert values["log_prob"].tolist() == pytest.approx([math.log(p[t]) for p, t in pairs], abs=1e-5)
    assert values["brier"].tolist() == pytest.approx([brier(p, t) for p, t in pairs], abs=1e-5)
    assert values["entropy"].tolist() == pytest.approx([entropy(p) for p, _ in pairs], abs=1e-5)


def test_unknown_statistic_names_the_known_ones(model, tokenizer):
    with pytest.raises(
        ValueError, match="'rank', 'brier', 'entropy', 'mass_above', 'steps'; found \\['ranks'\\]"
    ):
        GlobalScorer(model, tokenizer=tokenizer, statistics=["ranks"])
    with pytest.raises(ValueError, match="sequence"):
        GlobalScorer(model, tokenizer=tokenizer, statistics="rank")
