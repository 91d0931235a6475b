"""Formulas and directions of the criteria."""

import logging

import numpy as np
import pytest

from local_naturalness.comparison import compare_criteria
from local_naturalness.criteria import (
    CRITERIA,
    criterion_values,
    fit_casl,
    learnability,
    resolve_criterion,
)
from local_naturalness.report import write_report
from local_naturalness.selection import select_responses
from local_naturalness.tables import Columns

DIRECTIONS = {
    "local_naturalness": "high",
    "global_naturalness": "high",
    "global_naturalness_by_step": "high",
    "rank_surprisal_ratio": "low",
    "learnability": "high",
    "seqlss": "high",
    "high_entropy_sum": "high",
    "prediction_difficulty": "high",
    "teacher_step_share": "high",
    "global_naturalness_drop": "high",
    "global_naturalness_casl": "high",
}


def test_directions_are_those_of_the_papers():
    assert {name: criterion.better for name, criterion in CRITERIA.items()} == DIRECTIONS


def test_learnability_equals_the_plain_formula():
    generator = np.random.default_rng(0)
    prompt = generator.integers(0, 5, 40)
    naturalness, brier = -generator.exponential(1.0, 40), generator.random(40)
    expected = np.empty(40)
    for one in range(5):
        of_prompt = np.flatnonzero(prompt == one)
        loss = -naturalness[of_prompt]
        rho = brier[of_prompt] / loss
        mean_rho = sum(rho * loss) / sum(loss)
        expected[of_prompt] = loss / sum(loss) * (2 * rho - mean_rho)
    np.testing.assert_allclose(learnability(naturalness, brier, prompt), expected, rtol=1e-12)


def test_learnability_leaves_out_rows_without_inputs():
    prompt = np.zeros(4, dtype=int)
    scores = learnability(np.array([-1.0, -3.0, np.nan, 0.0]), np.array([0.5, 0.5, 0.5, 0.5]), prompt)
    # L = 1, 3: (1/4)(2 * 0.5 - 1/4) and (3/4)(2/6 - 1/4).
    np.testing.assert_allclose(scores, [0.1875, 0.0625, np.nan, np.nan])


def test_learnability_of_a_single_candidate_is_its_rho():
    # L / sum L = 1 and the mean of rho is rho: 2 rho - rho.
    scores = learnability(np.array([-2.0]), np.array([0.5]), np.array([0]))
    assert scores.tolist() == [0.25]


def casl_inputs(rows: int) -> list[np.ndarray]:
    generator = np.random.default_rng(1)
    steps = generator.integers(1, 20, rows).astype(float)
    tokens = steps * generator.integers(3, 30, rows)
    non_first, first = -generator.exponential(1, rows), -generator.exponential(3, rows)
    share = steps / tokens
    mean = (1 - share) * non_first + share * first
    return [mean, non_first, first, steps, tokens]


def test_casl_equals_least_squares_with_a_constant():
    inputs = casl_inputs(200)
    mean, non_first, first, steps, tokens = inputs
    share = steps / tokens
    design = np.stack([non_first, first, share, np.ones(200)], axis=1)
    coefficients = np.linalg.lstsq(design, mean, rcond=None)[0]
    scores, fit = fit_casl(*inputs)
    found = [fit.non_first, fit.first, fit.step_share, fit.intercept]
    np.testing.assert_allclose(found, coefficients, atol=1e-10)
    np.testing.assert_allclose(scores, mean - coefficients[2] * share, atol=1e-10)
    residual = mean - design @ coefficients
    assert fit.r_squared == pytest.approx(1 - residual.var() / mean.var())
    assert fit.identified
    assert fit.num_rows == 200


def test_casl_leaves_out_rows_without_inputs():
    inputs = casl_inputs(50)
    broken = [np.append(part, part[:2]) for part in inputs]
    broken[1][50], broken[4][51] = np.nan, 0.0
    scores, fit = fit_casl(*broken)
    expected, expected_fit = fit_casl(*inputs)
    assert np.isnan(scores[50:]).all()
    np.testing.assert_allclose(scores[:50], expected)
    assert fit.num_rows == expected_fit.num_rows == 50


def test_casl_says_when_its_coefficient_is_not_determined(caplog):
    inputs = casl_inputs(30)
    inputs[3] = inputs[4] / 4
    _, fit = fit_casl(*inputs)
    assert not fit.identified
    assert "g is not determined" in caplog.text
    assert caplog.records[0].levelname == "WARNING"


@pytest.mark.parametrize(("rows", "level"), [(39, "WARNING"), (40, "INFO")])
def test_casl_over_few_rows_says_so(rows, level, caplog):
    with caplog.at_level(logging.INFO):
        fit_casl(*casl_inputs(rows))
    (record,) = caplog.records
    assert record.levelname == level
    assert ("; for a reliable g, 40 rows or more are needed" in record.message) == (rows < 40)


@pytest.mark.parametrize("num_prompts", [9, 10])
def test_casl_over_few_rows_is_not_compared_unasked(num_prompts, make, tmp_path, caplog):
    inputs = casl_inputs(4 * num_prompts)
    names = (
        "global_naturalness",
        "global_naturalness_drop",
        "first_token_log_prob",
        "num_steps",
        "num_tokens",
    )
    dataset = make(
        [f"p{place // 4}" for place in range(4 * num_prompts)],
        "abcd" * num_prompts,
        response=["x"] * 4 * num_prompts,
        **dict(zip(names, inputs, strict=True)),
    )
    casl = "global_naturalness_casl"
    comparison = compare_criteria(dataset)
    page = write_report(dataset, tmp_path / "page.html").read_text()
    assert (casl in comparison.tau) == (casl in page) == (num_prompts == 10)
    assert any(note.startswith(f"{casl} is left out") for note in comparison.notes) == (num_prompts == 9)
    assert "reliable" not in caplog.text
    assert casl in compare_criteria(dataset, [casl]).tau
    chosen = select_responses(dataset, by=casl)
    assert casl in write_report(dataset, tmp_path / "page.html", selection=chosen).read_text()


def test_casl_of_nothing():
    scores, fit = fit_casl(*(np.full(3, np.nan) for _ in range(5)))
    assert np.isnan(scores).all()
    assert fit.num_rows == 0


def test_casl_is_reported_and_selected_by(make, caplog):
    mean, non_first, first, steps, tokens = casl_inputs(8)
    dataset = make(
        "ppppqqqq",
        "abcdabcd",
        global_naturalness=mean,
        global_naturalness_drop=non_first,
        first_token_log_prob=first,
        num_steps=steps,
        num_tokens=tokens,
    )
    with caplog.at_level(logging.INFO):
        best = select_responses(dataset, by="global_naturalness_casl")
    scores, fit = fit_casl(mean, non_first, first, steps, tokens)
    assert best["selection_score"][:] == [scores[:4].max(), scores[4:].max()]
    assert str(fit) in caplog.messages


def test_computed_criterion_with_suffix(make):
    dataset = make(
        "pp",
        "ab",
        global_naturalness_x=[-1.0, -3.0],
        brier_x=[0.5, 0.5],
        global_naturalness_spec_x=["s", "s"],
    )
    criterion = resolve_criterion("learnability_x", dataset.column_names)
    assert criterion.inputs == ("global_naturalness_x", "brier_x")
    values = criterion_values(Columns.of(dataset), criterion, np.zeros(2, dtype=int), np.ones(2, dtype=bool))
    np.testing.assert_allclose(values, [0.1875, 0.0625])


def test_a_stored_column_goes_before_computing():
    columns = ["learnability", "global_naturalness", "brier"]
    assert resolve_criterion("learnability", columns).kind == "column"


def test_statistics_are_not_taken_for_suffixes():
    with pytest.raises(ValueError, match="high or low is better in column 'local_naturalness_stderr'"):
        resolve_criterion("local_naturalness_stderr", ["local_naturalness_stderr", "local_naturalness_spec"])
