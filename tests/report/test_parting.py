"""Where two responses and two criteria part, against plain sums."""

import numpy as np
import pytest

from local_naturalness.report.length import WinsByLength
from local_naturalness.report.parting import Added, Parting
from local_naturalness.report.steps import Step


def made(length, seed):
    """Steps with two scores each, and the response's score by each criterion."""
    generator = np.random.default_rng(seed)
    local, full = generator.normal(-1, 0.5, (2, length))
    tokens = generator.integers(1, 30, length)
    steps = [Step(i + 1, "x", (float(local[i]), float(full[i])), int(tokens[i])) for i in range(length)]
    return steps, float(local.mean()), float(np.average(full, weights=tokens))


@pytest.fixture
def pair():
    return made(7, 1), made(4, 2)


def test_parts_are_plain_sums_and_add_up(pair):
    names = ["local_naturalness", "global_naturalness"]
    added = [
        [Added.of(steps, 0, by_local), Added.of(steps, 1, by_global)] for steps, by_local, by_global in pair
    ]
    found = Parting.of(names, *added)
    sums = np.zeros((4, 3))
    for sign, (steps, _, _) in zip((1, -1), pair, strict=True):
        tokens = sum(step.tokens for step in steps)
        for place, step in enumerate(steps):
            third = 3 * place // len(steps)
            alike, share = 1 / len(steps), step.tokens / tokens
            local, full = step.scores
            sums[0, third] += sign * alike * local
            sums[1, third] += sign * alike * (full - local)
            sums[2, third] += sign * (share - alike) * full
            sums[3, third] += sign * share * full
    assert np.array([found.gaps[0], found.sight, found.weighing, found.gaps[1]]) == pytest.approx(sums)
    assert sums[:3].sum(axis=0) == pytest.approx(sums[3])
    (_, *first), (_, *second) = pair
    assert sums[[0, 3]].sum(axis=1) == pytest.approx(np.subtract(first, second))
    assert found.lines[:, -1] == pytest.approx(np.subtract(first, second))
    assert found.rows()[-1] == ("together", [f"{value:+.4f}" for value in sums.sum(axis=1)])


def test_scores_that_are_not_made_of_the_steps_are_not_taken_apart(pair):
    (steps, by_local, _), _ = pair
    sampled = [*steps[:-1], Step(7, "x", (None, None), 3)]
    assert Added.of(steps, 0, by_local + 0.01) is None
    assert Added.of(sampled, 0, by_local) is None and Added.of(steps, 0, float("nan")) is None


def test_wins_are_counted_pair_by_pair():
    generator = np.random.default_rng(0)
    prompt, teacher = generator.integers(-1, 6, 60), generator.integers(-1, 3, 60)
    better, tokens = generator.integers(0, 5, (2, 60)).astype(float)
    better[::9] = tokens[::7] = np.nan
    won, compared = np.zeros((2, 3, 3))
    for a in range(60):
        for b in range(60):
            known = np.isfinite(better[a]) and np.isfinite(better[b])
            same = prompt[a] == prompt[b] >= 0 and min(teacher[a], teacher[b]) >= 0
            if known and same and teacher[a] != teacher[b]:
                gain = 1.0 if better[a] > better[b] else 0.5 if better[a] == better[b] else 0.0
                for place, counts in enumerate((True, tokens[b] < tokens[a], tokens[b] > tokens[a])):
                    won[place, teacher[a]] += gain * counts
                    compared[place, teacher[a]] += counts
    found = WinsByLength.of(better, tokens, prompt, teacher, 3)
    for place, one in enumerate((found.all, found.over_shorter, found.over_longer)):
        assert one.won.tolist() == won[place].tolist()
        assert one.compared.tolist() == compared[place].tolist()
    assert compared.min() > 0
