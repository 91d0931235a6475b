"""SeqLSS, HES, UPD and repetition equal their plain formulas; presets are the settings that papers name."""

import math

import numpy as np
import pytest
import torch
from datasets import Dataset
from plain_loop import joined, prompt_ids, step_ids
from texts import PROMPT, RESPONSE
from tiny_models import VOCABULARY, tiny_model
from tiny_types import tiny_type

from local_naturalness import (
    GlobalScorer,
    LocalScorer,
    compare_criteria,
    rank_teachers,
    select_responses,
    split_steps,
)
from local_naturalness.engine.token_statistics import token_statistics, top_logits
from local_naturalness.scorers.aggregation import high_entropy_sum, prediction_difficulty, seqlss
from local_naturalness.scorers.presets import PRESETS

ALL = ["rank", "brier", "entropy", "mass_above", "steps"]
NEW = ("seqlss", "high_entropy_sum", "prediction_difficulty")


@pytest.fixture(scope="module")
def sharp_model():
    return tiny_model("llama", seed=1, initializer_range=0.6)


def plainly(model, prompt, tokens):
    """The three criteria from one pass in float64, token by token."""
    with torch.no_grad():
        logits = model(torch.tensor([prompt + tokens])).logits[0].double()
    surprisals, masses, entropies = [], [], []
    for p, token in zip(logits.softmax(-1)[len(prompt) - 1 : -1], tokens, strict=True):
        surprisals.append(-math.log(p[token]))
        masses.append(float(p[p > p[token]].sum()))
        entropies.append(float(-(p * p.log()).sum()))
    seqlss = sum(s * (1 - u) ** 4 for s, u in zip(surprisals, masses, strict=True)) / sum(surprisals)
    bits = [h / math.log(2) for h in entropies]
    high = sum(h for h in bits if h >= np.percentile(bits, 99.5))
    difficulty = [
        1 / (1 + math.exp(-s)) * max(0, 1 - h / math.log(logits.shape[1]))
        for s, h in zip(surprisals, entropies, strict=True)
    ]
    return dict(zip(NEW, (seqlss, high, sum(difficulty) / len(difficulty)), strict=True))


def test_columns_equal_the_plain_formulas(sharp_model, tokenizer):
    row = GlobalScorer(sharp_model, tokenizer=tokenizer, statistics=ALL)(
        {"prompt": PROMPT, "response": RESPONSE}
    )
    expected = plainly(sharp_model, prompt_ids(tokenizer, PROMPT), joined(step_ids(tokenizer, RESPONSE)))
    assert {name: row[name] for name in NEW} == pytest.approx(expected, abs=1e-5)
    assert row["initial_loss"] == -row["global_naturalness"]


def test_three_tokens_by_hand():
    """The example of docs/criteria.md: probabilities 1/2, 1/4, 1/8, 1/8; tokens 0, 1 and 3 come."""
    logits = torch.tensor([[0.5, 0.25, 0.125, 0.125]] * 3).log()
    values = token_statistics(logits, torch.tensor([0, 1, 3]), ["mass_above", "entropy", "entropy_share"])
    assert values["mass_above"].tolist() == pytest.approx([0, 1 / 2, 3 / 4])
    assert values["entropy"].tolist() == pytest.approx([1.75 * math.log(2)] * 3)
    assert values["entropy_share"].tolist() == pytest.approx([1.75 / 2] * 3)


ALL_OF_TOKENS = ["log_prob", "rank", "brier", "entropy", "entropy_share", "mass_above"]


def test_tokens_that_cannot_come():
    """A logit of -inf is a probability of 0, and 0 log 0 is 0; the vocabulary has four tokens still."""
    logits = torch.tensor([[0.5, 0.25, 0.25, 0.0]] * 2).log()
    values = token_statistics(logits, torch.tensor([0, 1]), ALL_OF_TOKENS)
    assert values["entropy"].tolist() == pytest.approx([1.5 * math.log(2)] * 2)
    assert values["entropy_share"].tolist() == pytest.approx([1.5 / 2] * 2)
    assert values["mass_above"].tolist() == pytest.approx([0, 1 / 2])
    assert values["rank"].tolist() == [1, 2]
    squares = 1 / 4 + 1 / 16 + 1 / 16
    assert values["brier"].tolist() == pytest.approx([1 - 2 / 2 + squares, 1 - 2 / 4 + squares])
    came = token_statistics(logits[:1], torch.tensor([3]), ALL_OF_TOKENS)
    assert came["log_prob"].tolist() == [-math.inf]  # a row with the status `non_finite`
    unknown = token_statistics(torch.tensor([[math.nan, 0.0]]), torch.tensor([1]), ALL_OF_TOKENS)
    assert all(unknown[name].isnan().all() for name in ("log_prob", "entropy", "entropy_share"))


def test_a_vocabulary_of_one_token():
    """Its logarithm is 0, by which the entropy cannot be divided: nothing is uncertain."""
    values = token_statistics(torch.tensor([[3.0]]), torch.tensor([0]), ALL_OF_TOKENS)
    ones = {"log_prob": 0, "rank": 1, "brier": 0, "entropy": 0, "entropy_share": 0, "mass_above": 0}
    assert {name: value.item() for name, value in values.items()} == ones
    certain = np.zeros(1)
    assert prediction_difficulty(certain, values["entropy_share"].numpy()) == 0.5
    assert seqlss(certain, certain) == high_entropy_sum(certain) == 0.0


def test_a_student_that_never_writes_a_token(tokenizer):
    model = tiny_type("phi", vocab_size=VOCABULARY, initializer_range=0.3)
    row = {"prompt": PROMPT, "response": RESPONSE}
    (never,) = tokenizer("<eos>", add_special_tokens=False)["input_ids"]
    model.lm_head.bias.data[never] = -math.inf
    scored = GlobalScorer(model, tokenizer=tokenizer, statistics=ALL)(row)
    assert scored["global_naturalness_status"] == "ok"
    assert all(math.isfinite(scored[name]) for name in (*NEW, "entropy", "brier", "rank_surprisal_ratio"))
    scored = GlobalScorer(model, tokenizer=tokenizer)(row | {"response": RESPONSE + "<eos>"})
    assert scored["global_naturalness_status"] == "non_finite"
    assert scored["global_naturalness"] is None


@pytest.mark.parametrize("vocabulary", [30, 64 * 50, 64 * 80, 64 * 80 + 17])
def test_the_largest_logits_are_found_in_chunks(vocabulary):
    logits = torch.randn(20, vocabulary, generator=torch.Generator().manual_seed(0))
    values, tokens = top_logits(logits, 50)
    expected = logits.topk(min(50, vocabulary), dim=1)
    assert torch.equal(values, expected.values)
    assert torch.equal(tokens, expected.indices)


def test_rows_that_are_computed_apart_are_those_computed_together(monkeypatch):
    logits = torch.randn(9, 300, generator=torch.Generator().manual_seed(0))
    target, names = torch.arange(9), ["log_prob", "rank", "brier", "entropy", "mass_above"]
    together = token_statistics(logits, target, names)
    monkeypatch.setattr("local_naturalness.engine.token_statistics._CACHED_BYTES", 4 * 300 * 2)
    apart = token_statistics(logits, target, names)
    assert all(torch.equal(together[name], apart[name]) for name in names)


@pytest.mark.parametrize("scorer", [LocalScorer, GlobalScorer])
def test_repeated_steps_are_counted_in_tokens(scorer, sharp_model, tokenizer):
    """The second and fourth step say what was said: white space does not count."""
    steps = ["So it is.", "  So it is.\n", "Or is it not?\n", "So  it is."]
    settings = {} if scorer is LocalScorer else {"statistics": ["steps"]}
    row = scorer(sharp_model, tokenizer=tokenizer, steps_column="steps", **settings)(
        {"prompt": "Hi", "response": "".join(steps), "steps": steps}
    )
    lengths = [len(tokenizer(step, add_special_tokens=False)["input_ids"]) for step in steps]
    assert row["repeated_step_share"] == pytest.approx((lengths[1] + lengths[3]) / sum(lengths))


@pytest.mark.parametrize("scorer", [LocalScorer, GlobalScorer])
@pytest.mark.parametrize(
    "steps",
    [
        ["We add 2 and 3.", "\u00a0 Then we stop.", " We\u00a0add 2 and\u00a03."],
        ["We add 2 and 3.", "\u3000Then we stop.", "\u3000We add\u30002 and 3."],
        ["We add 2 and 3.\r\n", "Then we stop.\r\n", "We add 2 and 3.\r\n"],
        ["We add 2 and 3.\r\n\r\n", "Then we stop.\r\n", "We add 2 and 3."],
    ],
    ids=["no-break space", "ideographic space", "CRLF", "CRLF and none"],
)
def test_a_splitter_and_all_white_space(scorer, steps, sharp_model, tokenizer):
    """The third step says what the first said, whatever stands between the words; the second does not."""
    response = "".join(steps)
    assert split_steps(response) == steps
    settings = {} if scorer is LocalScorer else {"statistics": ["steps"]}
    row = scorer(sharp_model, tokenizer=tokenizer, **settings)({"prompt": "Hi", "response": response})
    encoded = tokenizer(response, add_special_tokens=False, return_offsets_mapping=True)
    places = [start for start, _ in encoded["offset_mapping"]]
    begins = len(response) - len(steps[2])
    assert row["num_steps"] == 3
    assert row["repeated_step_share"] == pytest.approx(sum(place >= begins for place in places) / len(places))


def test_the_other_scorer_does_not_wipe_out_what_is_known(sharp_model, tokenizer):
    rows = {"prompt": ["Hi"], "response": ["So it is. " * 200]}  # too long for a full pass
    rows |= LocalScorer(sharp_model, tokenizer=tokenizer)(rows)
    after = GlobalScorer(sharp_model, tokenizer=tokenizer, statistics=["steps"])(rows)
    assert after["global_naturalness_status"] == ["too_long_for_global"]
    for name in ("repeated_step_share", "num_tokens", "response_key"):
        assert after[name] == rows[name] != [None]


def test_new_columns_select_rank_and_compare_by_name():
    scored = Dataset.from_dict(
        {
            "prompt": list("ppqq"),
            "teacher": list("abab"),
            "seqlss": [0.1, 0.3, 0.2, 0.4],
            "high_entropy_sum": [3.0, 1.0, 4.0, 2.0],
        }
    )
    assert select_responses(scored, by="seqlss")["teacher"][:] == ["b", "b"]
    assert rank_teachers(scored, by="high_entropy_sum").best == "a"
    assert {"seqlss", "high_entropy_sum"} <= set(compare_criteria(scored).to_pandas()["criterion"])


def test_presets_are_what_they_say(student_folder):
    for name, settings in PRESETS.items():
        needed = {"steps_column": "steps"} if name == "v2" else {}
        scorer = LocalScorer.preset(name, student_folder, **needed)
        assert scorer.spec == LocalScorer(student_folder, **settings, **needed).spec


def test_presets_are_not_contradicted(student_folder):
    with pytest.raises(ValueError, match="'v1' sets window=4"):
        LocalScorer.preset("v1", student_folder, window=8)
    with pytest.raises(ValueError, match="steps_column"):
        LocalScorer.preset("v2", student_folder)
    with pytest.raises(ValueError, match="there are 'v1', 'v2'"):
        LocalScorer.preset("v3", student_folder)


def test_an_empty_step_is_no_best_step(student_folder):
    """Scripts that count an empty or cut step as 0 would prefer such a response."""
    rows = {"prompt": ["Hi"] * 2, "response": ["\n\n \n\n", "So it is.\n\n\n\n"]}
    scored = LocalScorer.preset("lark-baseline", student_folder)(rows)
    assert scored["local_naturalness_status"] == ["empty_response", "ok"]
    assert scored["local_naturalness"][0] is None
    assert scored["local_naturalness"][1] < 0
