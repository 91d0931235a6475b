"""What each argument of `select_responses` does, on cases worked by hand."""

import logging
import math

import numpy as np
import pytest

from local_naturalness.selection import read_record, select_responses

HIGH = {"by": "score", "direction": "high"}


def picked(dataset, column="teacher", **settings):
    return select_responses(dataset, **settings)[column][:]


def reasons(dataset, **settings):
    _, rejected = select_responses(dataset, return_rejected=True, **settings)
    return dict(zip(rejected["teacher"], rejected["rejection_reason"], strict=True))


def test_prompts_in_order_of_appearance_and_best_first(make):
    dataset = make("qpqpq", "abcde", score=[1.0, 5.0, 3.0, 6.0, 2.0])
    best = select_responses(dataset, k=None, **HIGH)
    assert best["teacher"][:] == ["c", "e", "a", "d", "b"]
    assert best["selection_rank"][:] == [1, 2, 3, 1, 2]
    assert best["selection_score"][:] == [3.0, 2.0, 1.0, 6.0, 5.0]


def test_ties_go_to_the_earlier_row(make):
    dataset = make("pppp", "abcd", score=[1.0, 2.0, 2.0, 2.0])
    assert picked(dataset, k=2, **HIGH) == ["b", "c"]
    assert picked(dataset, k=2, mode="worst", **HIGH) == ["a", "b"]


def test_minus_zero_ties_with_zero(make):
    assert picked(make("pp", "ab", score=[-0.0, 0.0]), **HIGH) == ["a"]
    assert picked(make("pp", "ab", score=[0.0, -0.0]), **HIGH) == ["a"]


@pytest.mark.parametrize("bad", [None, math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("mode", ["best", "worst"])
def test_undefined_scores_are_never_selected(make, bad, mode):
    dataset = make("ppq", "abc", score=[bad, 1.0, bad])
    assert picked(dataset, k=None, mode=mode, **HIGH) == ["b"]
    assert reasons(dataset, k=None, mode=mode, **HIGH) == {"a": "null_score", "c": "null_score"}


def test_low_criteria_prefer_low(scored):
    assert picked(scored, by="rank_surprisal_ratio") == ["a", "b"]
    assert picked(scored, by="rank_surprisal_ratio", mode="worst") == ["b", "a"]


def test_min_score_is_the_worst_accepted_value(scored):
    accepted = select_responses(scored, min_score=-0.5, k=None)
    assert accepted["local_naturalness"][:] == [-0.4, -0.2, -0.5]
    low = select_responses(scored, by="rank_surprisal_ratio", min_score=4.0, k=None)
    assert low["rank_surprisal_ratio"][:] == [3.0, 2.0, 4.0]
    # The worst of what is accepted, not the worst of all.
    assert picked(scored, min_score=-0.6, mode="worst") == ["c", "b"]


def test_where_column_drops_false_and_null(scored):
    assert picked(scored, where="correct") == ["c", "b"]


def test_where_function_sees_rows_and_null_drops(scored):
    assert picked(scored, where=lambda row: row["correct"]) == ["c", "b"]
    assert picked(scored, where=lambda row: row["num_tokens"] > 30) == ["a"]


def test_where_function_must_return_a_verdict(scored):
    with pytest.raises(TypeError, match=r"must return True, False or None for a row, got 10 \(int\)"):
        select_responses(scored, where=lambda row: row["num_tokens"])


def test_criteria_computed_on_the_spot_do_not_see_dropped_rows(make):
    # L = 1, 2, 1 without the last row: the numbers of the docstring of `learnability`.
    dataset = make(
        "pppp",
        "abcd",
        global_naturalness=[-1.0, -2.0, -1.0, -9.0],
        brier=[0.5, 0.5, 0.25, 0.1],
        keep=[True, True, True, False],
    )
    best = select_responses(dataset, by="learnability", where="keep", k=None)
    assert best["selection_score"][:] == [0.171875, 0.09375, 0.046875]


def test_every_reason(make):
    dataset = make(
        "pppppq",
        "abcdef",
        score=[5.0, 4.0, 1.0, None, 9.0, 2.0],
        keep=[True, True, True, True, False, True],
    )
    settings = {"where": "keep", "min_score": 2.0, **HIGH}
    assert picked(dataset, **settings) == ["a", "f"]
    assert reasons(dataset, **settings) == {
        "b": "not_in_top_k",
        "c": "min_score",
        "d": "null_score",
        "e": "where",
    }


def test_log_line_names_counts_and_settings(make, caplog):
    dataset = make("pppq", "abcd", score=[5.0, 4.0, None, 2.0])
    with caplog.at_level(logging.INFO, logger="local_naturalness"):
        select_responses(dataset, **HIGH)
    assert caplog.messages == [
        "select_responses by score: 2 of 4 rows for 2 of 2 prompts; null_score removed 1 (null, NaN or "
        "infinite); not_in_top_k removed 1 (relax `k`)."
    ]


def test_rows_without_a_score_are_told_by_their_status(make, caplog):
    dataset = make(
        "pppq",
        "abcd",
        local_naturalness=[-1.0, None, None, None],
        local_naturalness_status=["ok", "empty_response", "missing_response", "empty_response"],
        keep=[True, True, True, False],
    )
    with caplog.at_level(logging.INFO, logger="local_naturalness"):
        select_responses(dataset, where="keep")
    assert caplog.messages == [
        "select_responses by local_naturalness: 1 of 4 rows for 1 of 2 prompts; where removed 1 (relax "
        "`where`); null_score removed 2 (local_naturalness_status: empty_response 1, missing_response 1)."
    ]


@pytest.mark.parametrize("normalize", ["zscore", "rank"])
@pytest.mark.parametrize("weight", [1.0, 0.3, 1e6, 1e-6])
def test_rounding_decides_no_tie_of_several_criteria(make, normalize, weight):
    generator = np.random.default_rng(0)
    first = -1 - 1e-6 * generator.random((500, 2))
    other = np.where((first[:, :1] > first[:, 1:]), -1.0, 1.0) * generator.random((500, 1)) * [1, -1]
    dataset = make(
        [f"p{place // 2}" for place in range(1000)], "ab" * 500, first=first.ravel(), other=other.ravel()
    )
    by, direction = {"first": weight, "other": weight}, {"first": "high", "other": "high"}
    best = select_responses(dataset, by=by, direction=direction, normalize=normalize)
    # Each criterion prefers another one of two, so they are equal: the earlier row wins.
    assert set(best["teacher"]) == {"a"}
    assert read_record(best)["ties"] == 500
    assert len(set(best["selection_score"])) == 1


def test_k_beyond_the_group_takes_all(scored):
    assert picked(scored, k=9) == picked(scored, k=None) == ["b", "c", "a", "a", "b", "c"]


def test_chi2_weights_by_hand(make):
    # p: 5, 4, 2 with k=2: gaps to 2 are 3 and 2. q: both picked, uniform. r: all equal, uniform.
    dataset = make("pppqqrrr", "abcababc", score=[5.0, 4.0, 2.0, 7.0, 6.0, 1.0, 1.0, 1.0])
    weights = select_responses(dataset, k=2, weights="chi2", **HIGH)["selection_weight"][:]
    assert weights == [0.6, 0.4, 0.5, 0.5, 0.5, 0.5]
    low = select_responses(dataset, by="score", direction="low", k=2, weights="chi2")
    assert low["selection_weight"][:2] == [0.75, 0.25]
    worst = select_responses(dataset, k=2, mode="worst", weights="chi2", **HIGH)
    assert worst["selection_weight"][:2] == [0.75, 0.25]


def test_weighted_combination_by_hand(make):
    # Within p: x has z = -1.2247, 0, 1.2247; y (low is better) has z = 0, 1.2247, -1.2247 after
    # turning. x + 2 y: -1.2247, 2.4495, -1.2247.
    dataset = make("ppp", "abc", x=[1.0, 2.0, 3.0], y=[20.0, 10.0, 30.0])
    best = select_responses(dataset, by={"x": 1.0, "y": 2.0}, direction={"x": "high", "y": "low"}, k=None)
    assert best["teacher"][:] == ["b", "a", "c"]
    assert best["selection_score"][:] == pytest.approx([2.44949, -1.224745, -1.224745], abs=1e-5)


def test_combination_by_rank_by_hand(make):
    # Ranks from 0 to 1: x gives 0, 0.5, 1; y, low is better, with a tie gives 0.25, 1, 0.25.
    dataset = make("ppp", "abc", x=[1.0, 2.0, 900.0], y=[7.0, 5.0, 7.0])
    best = select_responses(
        dataset,
        by={"x": 1.0, "y": 1.0},
        direction={"x": "high", "y": "low"},
        normalize="rank",
        k=None,
    )
    assert best["teacher"][:] == ["b", "c", "a"]
    assert best["selection_score"][:] == [1.5, 1.25, 0.25]


def test_constant_criterion_does_not_decide(make):
    dataset = make("pp", "ab", x=[0.1, 0.1], y=[1.0, 2.0])
    best = select_responses(dataset, by={"x": 5.0, "y": 1.0}, direction="high", k=None)
    assert best["selection_score"][:] == [1.0, -1.0]


def test_combination_needs_all_its_criteria(make):
    dataset = make("pp", "ab", x=[9.0, 1.0], y=[None, 1.0])
    assert picked(dataset, by={"x": 1.0, "y": 1.0}, direction="high") == ["b"]


def test_suffixed_column_has_the_direction_of_its_criterion(make):
    dataset = make("pp", "ab", rank_surprisal_ratio_w2=[3.0, 1.0], global_naturalness_spec_w2=["s", "s"])
    assert picked(dataset, by="rank_surprisal_ratio_w2") == ["b"]
    with pytest.raises(ValueError, match="high or low is better in column 'rank_surprisal_ratio_w2'"):
        select_responses(dataset.remove_columns("global_naturalness_spec_w2"), by="rank_surprisal_ratio_w2")


def test_scores_of_different_settings_do_not_mix(make):
    dataset = make(
        "ppp",
        "abc",
        local_naturalness=[-1.0, -2.0, None],
        local_naturalness_spec=["window=4", "window=2", None],
    )
    with pytest.raises(ValueError, match="holds 'window=4' and 'window=2', which differ in window 4 and 2"):
        select_responses(dataset)
    assert picked(dataset.select([0, 2])) == ["a"]


def test_scores_of_two_versions_may_be_compared(make):
    specs = [f"window=4; local_naturalness=1.{version}; id=01234567" for version in (0, 1)]
    dataset = make("pp", "ab", local_naturalness=[-1.0, -2.0], local_naturalness_spec=specs)
    assert picked(dataset) == ["a"]


def test_a_known_direction_is_not_overridden(scored):
    message = "For 'rank_surprisal_ratio', low is better, but `direction='high'`.*`mode=\"worst\"`"
    for direction in ("high", {"rank_surprisal_ratio": "high"}):
        with pytest.raises(ValueError, match=message):
            select_responses(scored, by="rank_surprisal_ratio", direction=direction)
    assert picked(scored, by="rank_surprisal_ratio", direction="low") == ["a", "b"]


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"k": "all"}, ValueError, "`k` must be a positive integer or None .*got 'all'"),
        ({"min_score": "-3"}, ValueError, "`min_score` must be a finite number, got '-3'"),
        ({"max_teacher_share": "half"}, ValueError, "`max_teacher_share` must be .* got 'half'"),
        ({"seed": "a"}, ValueError, "`seed` must be an integer, got 'a'"),
        ({"by": {"local_naturalness": "1"}}, ValueError, "gives each criterion a finite weight"),
        ({"by": "local_naturalnes"}, ValueError, "Did you mean 'local_naturalness'?"),
        ({"by": "learnability"}, ValueError, r"missing: \['global_naturalness', 'brier'\]"),
        ({"by": "global_naturalness"}, ValueError, r"written by GlobalScorer\(...\)"),
        ({"by": "num_tokens"}, ValueError, 'pass `direction="high"` or `direction="low"`'),
        (
            {"by": "response", "direction": "high"},
            TypeError,
            "must hold numbers, found type string",
        ),
        ({"direction": "up"}, ValueError, '`direction` must be "high" or "low", got \'up\''),
        (
            {"direction": {"typo": "low"}},
            ValueError,
            "names 'typo', not among the criteria: 'local_naturalness'",
        ),
        ({"prompt_column": "question"}, ValueError, "Name the right one with `prompt_column=...`"),
        ({"teacher_column": "model"}, ValueError, "Name the right one with `teacher_column=...`"),
        ({"where": "right"}, ValueError, "Name the right one with `where=...`"),
        ({"where": "num_tokens"}, TypeError, "must hold bools, or 0 and 1, found 10"),
        ({"where": 3}, TypeError, "`where` must be the name of a column, an SQL expression or a function"),
        ({"k": 0}, ValueError, "`k` must be a positive integer or None"),
        ({"k": 1.5}, ValueError, "`k` must be a positive integer or None"),
        ({"mode": "first"}, ValueError, r"`mode` must be one of \['best', 'worst'\]"),
        ({"normalize": "minmax"}, ValueError, "`normalize` must be one of"),
        ({"weights": "chi"}, ValueError, "`weights` must be one of"),
        ({"min_score": math.nan}, ValueError, "`min_score` must be a finite number"),
        ({"max_teacher_share": 0.0}, ValueError, "`max_teacher_share` must be above 0"),
        ({"by": ["local_naturalness"]}, TypeError, "`by` must be the name of a criterion or a dict"),
        ({"by": {}}, ValueError, "gives each criterion a finite weight"),
        ({"by": {"local_naturalness": 0.0}}, ValueError, "at least one of them not zero"),
    ],
)
def test_wrong_arguments_say_what_to_change(scored, settings, error, message):
    with pytest.raises(error, match=message):
        select_responses(scored, **settings)


def test_missing_columns_are_listed_with_those_found(scored):
    with pytest.raises(ValueError, match=r"'prompt' is needed but not there; found: \['teacher'"):
        select_responses(scored.remove_columns("prompt"))


def test_without_teachers(scored):
    assert picked(scored.remove_columns("teacher"), column="response") == ["pb", "qa"]
    with pytest.raises(ValueError, match=r"`teacher_column=\.\.\.`"):
        select_responses(scored.remove_columns("teacher"), max_teacher_share=0.5)
