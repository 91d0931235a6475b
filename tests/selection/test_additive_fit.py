"""The prompt + teacher fit against a plain regression, and its resampling."""

import tracemalloc

import numpy as np
import pytest

from local_naturalness.teachers.additive_fit import fit_means, fit_weighted_means
from local_naturalness.teachers.bootstrap import bootstrap_weights
from local_naturalness.teachers.pairs import weighted_pairs
from local_naturalness.teachers.subsets import stable_from, subset_means


def plain_fit(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Regression on one indicator per prompt and teacher, then the mean prediction per teacher."""
    prompts, teachers = np.nonzero(~np.isnan(values))
    design = np.zeros((len(prompts), sum(values.shape)))
    design[np.arange(len(prompts)), prompts] = 1
    design[np.arange(len(prompts)), len(values) + teachers] = 1
    root = np.sqrt(weights[prompts])
    solution = np.linalg.lstsq(design * root[:, None], values[prompts, teachers] * root, rcond=None)[0]
    of_prompt, of_teacher = solution[: len(values)], solution[len(values) :]
    return of_teacher + np.average(of_prompt, weights=weights)


def incomplete(num_prompts: int = 30, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    values = generator.normal(-3, 1, (num_prompts, 1)) + generator.normal(0, 1, (num_prompts, 4))
    values[generator.random(values.shape) < 0.4] = np.nan
    values[np.isnan(values).all(axis=1), 0] = -3.0
    return values


@pytest.mark.parametrize("seed", range(3))
def test_fit_equals_the_plain_regression(seed):
    values = incomplete(seed=seed)
    expected = plain_fit(values, np.ones(len(values)))
    np.testing.assert_allclose(fit_means(values), expected, atol=1e-9)


def test_weighted_fits_equal_plain_regressions():
    values = incomplete()
    weights = np.random.default_rng(1).integers(1, 4, (5, len(values))).astype(np.float32)
    fits = fit_weighted_means(values, 5, lambda size: weights)
    for fit, weight in zip(fits, weights, strict=True):
        np.testing.assert_allclose(fit, plain_fit(values, weight), atol=1e-5)


@pytest.mark.parametrize("share_known", [0.02, 0.2, 0.9])
def test_pairs_equal_a_loop_however_many_there_are(monkeypatch, share_known):
    monkeypatch.setattr("local_naturalness.teachers.pairs._NUMBERS_AT_ONCE", 30)
    generator = np.random.default_rng(3)
    answered = generator.random((50, 20)) < share_known
    weights = generator.poisson(1, (4, 50)).astype(np.float64)
    expected = np.zeros((4, 20, 20))
    for prompt, one in np.argwhere(answered):
        for other in np.flatnonzero(answered[prompt]):
            expected[:, one, other] += weights[:, prompt] / answered[prompt].sum()
    found = weighted_pairs(answered, weights)
    np.testing.assert_allclose(found, expected[:, *np.triu_indices(20, k=1)], atol=1e-12)


def test_sparse_answers_of_many_teachers_are_fitted_like_a_regression():
    generator = np.random.default_rng(4)
    values = generator.normal(size=(300, 40))
    values[np.argsort(generator.random(values.shape), axis=1) >= 3] = np.nan
    weights = generator.poisson(1, (3, 300)).astype(np.float32)
    for fit, weight in zip(fit_weighted_means(values, 3, lambda size: weights), weights, strict=True):
        np.testing.assert_allclose(fit, plain_fit(values, weight), atol=1e-4)


def test_many_teachers_are_fitted_in_little_memory(monkeypatch):
    """200 teachers have 19,900 pairs and systems of 320 KB, which are solved a few at a time."""
    monkeypatch.setattr("local_naturalness.teachers.additive_fit._NUMBERS_AT_ONCE", 2_000_000)
    generator = np.random.default_rng(2)
    values = generator.normal(size=(60, 200))
    values[generator.random(values.shape) < 0.5] = np.nan
    weights = generator.poisson(1, (150, 60)).astype(np.float32)
    tracemalloc.start()
    fits = fit_weighted_means(values, 150, lambda size: weights)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 100e6
    np.testing.assert_allclose(fits[7], plain_fit(values, weights[7]), atol=1e-5)


@pytest.mark.parametrize("lost", [[0], [1], [0, 1]])
def test_a_draw_without_the_only_link_is_told(lost):
    """Teachers 0 and 1 meet at prompts 0 and 1 only, 2 and 0 at 2 and 3."""
    nan = np.nan
    values = np.array([[1.0, 2.0, nan], [2.0, 3.0, nan], [1.0, nan, 4.0], [2.0, nan, 6.0]])
    weights = np.ones((1, 4), np.float32)
    weights[0, lost] = 0
    (fit,) = fit_weighted_means(values, 1, lambda size: weights)
    assert np.isnan(fit).all() == (len(lost) == 2)


def test_complete_prompts_give_plain_means():
    values = np.random.default_rng(2).normal(size=(50, 3))
    np.testing.assert_allclose(fit_means(values), values.mean(axis=0), atol=1e-12)


def test_a_weak_link_is_still_a_link():
    # Ten thousand prompts with teachers 0 and 1, one with 1 and 2: teacher 2 is 3 better than 1.
    values = np.full((10_001, 3), np.nan)
    values[:-1, :2] = [0.0, 1.0]
    values[-1, 1:] = [5.0, 8.0]
    means = fit_means(values)
    np.testing.assert_allclose(means - means[0], [0.0, 1.0, 4.0], atol=1e-6)


def test_unlinked_teachers_have_no_common_scale():
    assert np.isnan(fit_means(np.array([[1.0, np.nan], [np.nan, 2.0]]))).all()


def test_one_teacher():
    assert fit_means(np.array([[1.0], [3.0]])).tolist() == [2.0]


def test_blocks_do_not_matter(monkeypatch):
    values = incomplete(50)
    whole = fit_means(values)
    monkeypatch.setattr("local_naturalness.teachers.additive_fit._NUMBERS_AT_ONCE", 700)
    np.testing.assert_allclose(fit_means(values), whole, atol=1e-12)


def test_bootstrap_weights_are_poisson_and_seeded():
    weights = bootstrap_weights(100, seed=3)(999)
    assert weights.shape == (100, 999)
    # 99,900 draws of mean 1 and variance 1: five standard errors.
    assert abs(weights.mean() - 1) < 5 / np.sqrt(99_900)
    assert abs(weights.var() - 1) < 0.05
    assert abs((weights == 0).mean() - np.exp(-1)) < 0.01
    np.testing.assert_array_equal(weights, bootstrap_weights(100, seed=3)(999))
    assert (weights != bootstrap_weights(100, seed=4)(999)).any()
    # Pinned: the same on every platform, and however many prompts are asked for at a time.
    whole = bootstrap_weights(2, seed=0)(4)
    assert whole.tolist() == [[1.0, 2.0, 2.0, 3.0], [2.0, 1.0, 0.0, 0.0]]
    pieces = bootstrap_weights(2, seed=0)
    np.testing.assert_array_equal(np.concatenate([pieces(1), pieces(3)], axis=1), whole)


def test_bootstrap_spread_is_the_standard_error():
    values = np.random.default_rng(4).normal(size=(400, 1)) * [[1.0, 1.0]]
    draws = fit_weighted_means(values, 2000, bootstrap_weights(2000, seed=0))
    assert draws.std(axis=0) == pytest.approx(values.std(axis=0) / 20, rel=0.1)
    # Paired: teachers that always agree differ in no draw.
    np.testing.assert_allclose(draws[:, 0], draws[:, 1], atol=1e-6)


def test_subsets_are_nested_halves():
    # A value per prompt that no other subset has: the mean tells who is in.
    sizes, means = subset_means(np.random.default_rng(5).normal(size=(160, 2)), seed=0)
    assert sizes.tolist() == [160, 80, 40, 20, 10, 5]
    assert means.shape == (20, 6, 2)
    np.testing.assert_allclose(means[:, 0], means[:1, 0].repeat(20, axis=0), atol=1e-6)
    assert (means[:, 0].std(axis=0) < means[:, 2].std(axis=0)).all()
    assert (means[:, 2].std(axis=0) < means[:, 5].std(axis=0)).all()


def test_never_stable_is_none():
    assert stable_from(np.array([8, 4]), np.array([[True, False], [True, True]])) is None
