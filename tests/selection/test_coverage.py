"""How often the 95 % intervals of a ranking hold the true numbers, by simulation."""

import numpy as np
import pytest

from local_naturalness.teachers.explained import decompose
from local_naturalness.teachers.ranked_group import GroupValues, estimate

RUNS = 1500


def simulated(generator: np.random.Generator, num_prompts: int, share_missing: float):
    """Scores of four teachers with known means, gaps and parts that go with length."""
    ability, slope = np.array([0.3, 0.2, 0.0, -0.1]), -0.4
    longer = np.array([-0.3, 0.0, 0.1, 0.4])
    length = 5 + longer + generator.normal(0, 0.3, (num_prompts, 4))
    # Skewed, as log-probabilities are, and with a level for each prompt.
    level = -generator.gamma(2.0, 0.4, (num_prompts, 1)) + 0.8
    noise = 0.2 - generator.gamma(1.0, 0.2, (num_prompts, 4))
    score = level + ability + slope * (length - 5) + noise
    score[generator.random(score.shape) < share_missing] = np.nan
    means = ability + slope * longer
    return score, length, means, slope * (longer[0] - longer)


def coverage(num_prompts: int, share_missing: float, runs: int) -> dict[str, np.ndarray]:
    """Share of runs whose interval holds the truth, by quantity, shape [teachers]."""
    held = {"mean": [], "gap": [], "part": []}
    for seed in range(runs):
        score, length, means, parts = simulated(np.random.default_rng(seed), num_prompts, share_missing)
        result = estimate(GroupValues([score], score, 1.0, {}), 400, seed)
        leader = result.order[0]
        held["mean"].append((result.low <= means) & (means <= result.high))
        gaps = means - means[leader]
        # The leader's distance to itself is no estimate.
        is_gap = np.arange(4) != leader
        inside = (result.gap_low <= gaps) & (gaps <= result.gap_high)
        held["gap"].append(np.where(is_gap, inside, np.nan))
        found = decompose(score, [length], 1.0, 0, 400, seed)
        held["part"].append(np.where(parts != 0, (found.low <= parts) & (parts <= found.high), np.nan))
    return {name: np.nanmean(np.array(runs_held, dtype=float)) for name, runs_held in held.items()}


@pytest.mark.slow
@pytest.mark.parametrize(("num_prompts", "share_missing"), [(60, 0.0), (60, 0.3), (20, 0.0), (300, 0.0)])
def test_intervals_hold_the_truth_in_95_of_100_runs(num_prompts, share_missing):
    found = coverage(num_prompts, share_missing, RUNS)
    print(num_prompts, share_missing, found)
    assert all(0.93 <= share <= 0.97 for share in found.values()), found


def test_intervals_hold_the_truth_in_a_short_simulation():
    found = coverage(60, 0.0, 60)
    # Four means, three gaps and three parts in each of 60 runs.
    assert all(0.9 <= share <= 1.0 for share in found.values()), found
