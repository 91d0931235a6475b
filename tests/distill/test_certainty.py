"""Intervals of accuracies and of areas under the curve."""

import numpy as np
import pytest
from harness.auc import auc_between_responses, auc_within_prompts
from harness.certainty import Bootstrap


def test_an_accuracy_without_variation_is_certain():
    interval = Bootstrap(50).accuracy([[True] * 50] * 3)
    assert (interval.mean, interval.low, interval.high) == pytest.approx((1, 1, 1))


def test_one_seed_gives_the_interval_of_a_share():
    correct = [[True] * 60 + [False] * 140]
    interval = Bootstrap(200).accuracy(correct)
    reach = 1.96 * (0.3 * 0.7 / 200) ** 0.5
    assert interval.mean == pytest.approx(0.3)
    assert (interval.low, interval.high) == pytest.approx((0.3 - reach, 0.3 + reach), abs=0.01)


def test_seeds_that_disagree_widen_the_interval():
    half = [True, False] * 100
    wide = Bootstrap(200).accuracy([[True] * 200, half, [False] * 200])
    narrow = Bootstrap(200).accuracy([half, half, half])
    assert wide.mean == narrow.mean == 0.5
    assert wide.high - wide.low > 3 * (narrow.high - narrow.low)


def test_a_difference_is_paired_by_question():
    correct = np.random.default_rng(0).random((3, 200)) < 0.5
    same = Bootstrap(200).difference([correct[0]], [correct[0]])
    assert (same.mean, same.low, same.high) == pytest.approx((0, 0, 0))
    better = Bootstrap(200).difference([[True] * 200], [correct[0]])
    assert better.low > 0 and better.mean == pytest.approx(1 - correct[0].mean())


def test_auc_within_prompts_compares_candidates_of_one_prompt_only():
    values = [1.0, 0.0, 11.0, 10.0, 5.0, 99.0]
    right = [True, False, True, False, False, False]
    auc = auc_within_prompts(values, right, ["p", "p", "q", "q", "q", "alone"])
    assert (auc.share, auc.num_pairs) == (1.0, 3)
    assert auc_between_responses(values, right).share == pytest.approx(4 / 8)


def test_auc_counts_ties_half_and_leaves_out_missing_scores():
    auc = auc_within_prompts([1.0, 1.0, float("nan")], [True, False, False], ["p", "p", "p"])
    assert (auc.share, auc.num_pairs) == (0.5, 1)


def test_auc_without_pairs_is_unknown():
    assert str(auc_within_prompts([1.0], [True], ["p"])) == ""
    assert str(auc_between_responses([1.0], [True])) == ""


def test_scores_that_know_nothing_have_half_inside_their_interval():
    rng = np.random.default_rng(1)
    values, right, prompts = rng.random(600), rng.random(600) < 0.5, np.repeat(np.arange(150), 4)
    for auc in (auc_within_prompts(values, right, prompts), auc_between_responses(values, right)):
        assert auc.low < 0.5 < auc.high and auc.high - auc.low < 0.2
