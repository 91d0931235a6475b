"""`compare_criteria` against plain loops and cases worked by hand."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from datasets import Dataset, DatasetDict

from local_naturalness.comparison import compare_criteria
from local_naturalness.comparison.agreement import mean_tau
from local_naturalness.comparison.outcomes import spearman, spearman_interval
from local_naturalness.selection import select_responses
from local_naturalness.selection.record import read_record
from local_naturalness.teachers import rank_teachers


def plain_tau(one, other) -> float:
    pairs = [
        (np.sign(one[i] - one[j]), np.sign(other[i] - other[j]))
        for i, j in itertools.combinations(range(len(one)), 2)
        if not np.isnan([one[i], one[j], other[i], other[j]]).any()
    ]
    if not any(a for a, _ in pairs) or not any(b for _, b in pairs):
        return math.nan
    agreement = sum(a * b for a, b in pairs)
    return agreement / math.sqrt(sum(a * a for a, _ in pairs) * sum(b * b for _, b in pairs))


def test_tau_equals_a_plain_loop_with_ties_and_gaps():
    generator = np.random.default_rng(0)
    prompt = generator.integers(0, 8, 60)
    values = generator.integers(0, 5, (3, 60)).astype(float)
    values[generator.random(values.shape) < 0.15] = np.nan
    found = mean_tau(values, prompt)
    for one, other in itertools.product(range(3), repeat=2):
        taus = [plain_tau(values[one][prompt == group], values[other][prompt == group]) for group in range(8)]
        assert found[one, other] == pytest.approx(np.nanmean(taus), abs=1e-6)


def test_tau_of_single_candidates_is_undefined():
    assert np.isnan(mean_tau(np.array([[1.0, 2.0]]), np.array([0, 1]))).all()


@pytest.fixture
def compared(make):
    """Local and global agree on p and q; on r local takes a, global takes b."""
    return make(
        "ppqqrr",
        "ababab",
        response=list("uvwxyz"),
        local_naturalness=[-0.9, -0.4, -0.2, -0.5, -0.1, -0.3],
        global_naturalness=[-0.9, -0.5, -0.3, -0.6, -0.4, -0.2],
        global_naturalness_by_step=[-0.9, -0.5, -0.3, -0.6, -0.2, -0.4],
        num_tokens=[10, 20, 30, 40, 50, 60],
        num_steps=[1, 2, 3, 4, 5, 10],
    )


def test_by_hand(compared):
    result = compare_criteria(compared)
    names = [
        "local_naturalness",
        "global_naturalness",
        "global_naturalness_by_step",
        "num_tokens",
        "random",
    ]
    table = result.to_pandas().set_index("criterion")
    assert list(table.index) == names
    assert table.loc["local_naturalness", "num_prompts"] == 3
    # Picks of local: rows v, w, y; of global: v, w, z; the longest: v, x, z.
    assert table.loc[names[:4], "num_tokens"].tolist() == pytest.approx([100 / 3, 110 / 3, 100 / 3, 40])
    assert table.loc["global_naturalness", "num_steps"] == pytest.approx(5.0)
    assert table.loc["global_naturalness", "tokens_per_step"] == pytest.approx(26 / 3)
    assert result.tau.loc["local_naturalness", "global_naturalness"] == pytest.approx(1 / 3)
    assert result.tau.loc["local_naturalness", "global_naturalness_by_step"] == pytest.approx(1.0)
    assert result.overlap.loc["local_naturalness", "global_naturalness"] == pytest.approx(2 / 3)
    assert result.overlap.loc["global_naturalness", "num_tokens"] == pytest.approx(2 / 3)
    shares = result.teacher_shares.loc["global_naturalness"]
    assert shares.to_dict() == pytest.approx({"a": 1 / 3, "b": 2 / 3})
    text = str(result)
    assert all(
        f"{title}\n" in text for title in ["Share of picks by teacher", "Kendall's tau within prompts"]
    )


def test_picks_are_those_of_select_responses(many):
    result = compare_criteria(many, ["local_naturalness", "random"], seed=3)
    for name in ("local_naturalness", "random"):
        chosen = pd.Series(select_responses(many, by=name, seed=3)["teacher"][:])
        shares = chosen.value_counts(normalize=True)
        assert result.teacher_shares.loc[name].to_dict() == pytest.approx(shares.to_dict())


def test_directions_may_be_given(compared):
    result = compare_criteria(compared, {"num_tokens": "low", "num_steps": "high"})
    assert result.to_pandas()["direction"].tolist() == ["low", "high"]
    assert result.tau.loc["num_tokens", "num_steps"] == -1.0
    assert result.overlap.loc["num_tokens", "num_steps"] == 0.0


def test_suffixed_criteria_are_found(make):
    dataset = make(
        "pp",
        "ab",
        local_naturalness=[-1.0, -2.0],
        local_naturalness_w2=[-2.0, -1.0],
        local_naturalness_spec_w2=["s", "s"],
    )
    result = compare_criteria(dataset)
    assert list(result.tau) == ["local_naturalness", "local_naturalness_w2", "random"]
    assert result.tau.iloc[0, 1] == -1.0


def test_outcomes_are_compared_with_teacher_means(make):
    dataset = make(
        "ppppqqqqz",
        "abcdabcdz",
        local_naturalness=[-4.0, -3.0, -2.0, -1.0] * 2 + [0.0],
        rank_surprisal_ratio=[4.0, 3.0, 1.0, 2.0] * 2 + [0.0],
    )
    outcomes = {"a": 0.1, "b": 0.2, "c": 0.3, "d": 0.4, "z": 0.0, "y": 0.0}
    result = compare_criteria(
        dataset, ["local_naturalness", "rank_surprisal_ratio", "random"], outcomes=outcomes
    )
    table = result.to_pandas().set_index("criterion")
    # Low is better for the ratio: a, b, d, c from worst to best, one swap.
    assert table["spearman"].tolist()[:2] == pytest.approx([1.0, 0.8])
    assert np.isnan(table.loc["random", "spearman"])
    assert table.loc["local_naturalness", "num_teachers"] == 4
    assert table.loc["local_naturalness", "spearman_low"] < 0
    assert "With 4 teachers, the 95 % interval of Spearman reaches from -0.50" in str(result)
    printed = " ".join(str(result).split())  # notes are as wide as the terminal
    assert "Outcomes of ['y'] are not used: the dataset has no such teachers" in printed
    assert "Outcomes of ['z'] are not used: these teachers have no scored rows, or share no" in printed


def test_what_picks_are_like(compared):
    dataset = compared.add_column("is_correct", [1, 0, 0, 1, None, 1])
    dataset = dataset.add_column("repeated_step_share", [0.5, 0.0, 0.0, 0.5, 0.0, 0.2])
    criteria = ["local_naturalness", "global_naturalness"]
    table = compare_criteria(dataset, criteria).to_pandas().set_index("criterion")
    # Picks of local: rows v, w, y, of which y has no verdict; of global: v, w, z.
    assert table["accuracy"].tolist() == pytest.approx([0.0, 1 / 3])
    assert table["repeated_step_share"].tolist() == pytest.approx([0.0, 0.2 / 3])
    # Where only right answers count, others are picked.
    result = compare_criteria(dataset, criteria, where="is_correct")
    assert result.to_pandas()["accuracy"].tolist() == [1.0, 1.0]
    assert result.to_pandas()["num_prompts"].tolist() == [3, 3]
    assert result.notes[0] == "`where` keeps 3 of 6 rows."
    assert result.teacher_shares.loc["local_naturalness"].tolist() == pytest.approx([1 / 3, 2 / 3])


def test_outcomes_of_teachers_that_are_numbers(make):
    rows = make("ppqq", "abab", local_naturalness=[-1.0, -2.0, -1.0, -3.0])
    numbered = rows.remove_columns("teacher").add_column("teacher", [7, 8, 7, 8])
    named = compare_criteria(rows, ["local_naturalness"], outcomes={"a": 0.5, "b": 0.1}).to_pandas()
    found = compare_criteria(numbered, ["local_naturalness"], outcomes={7: 0.5, 8: 0.1}).to_pandas()
    pd.testing.assert_frame_equal(found, named)


def test_a_criterion_that_is_named_twice_is_one(compared):
    twice = compare_criteria(compared, ["local_naturalness", "local_naturalness"])
    assert twice.to_dict() == compare_criteria(compared, ["local_naturalness"]).to_dict()
    with pytest.raises(ValueError, match="`criteria` must name at least one"):
        compare_criteria(compared, [])


def test_outcomes_see_what_where_keeps(make):
    dataset = make(
        "ppqqrr", "ababab", local_naturalness=[-1.0, -2.0] * 2 + [-9.0, -1.0], ok=[1, 1, 1, 1, 0, 0]
    )
    outcomes = {"a": 0.9, "b": 0.1}
    for where, expected in [(None, -1.0), ("ok", 1.0)]:
        result = compare_criteria(dataset, ["local_naturalness"], outcomes=outcomes, where=where)
        assert result.to_pandas()["spearman"].tolist() == pytest.approx([expected])
    assert result.teacher_means.to_dict("index") == {
        "local_naturalness": {"a": -1.0, "b": -2.0},
        "outcome": outcomes,
    }


def test_outcomes_of_teachers_without_scores(make):
    dataset = make("ppp", "abc", local_naturalness=[-1.0, -2.0, None])
    result = compare_criteria(dataset, ["local_naturalness"], outcomes={"c": 0.5, "d": 0.1})
    assert result.to_pandas()["num_teachers"].tolist() == [0]
    assert np.isnan(result.to_pandas()["spearman"][0])
    assert "Outcomes of ['c'] are not used: these teachers have no scored rows" in str(result)


def test_a_criterion_without_any_value_does_not_keep_others_from_outcomes(make):
    dataset = make("ppqq", "abab", local_naturalness=[-1.0, -2.0] * 2, global_naturalness=[None] * 4)
    criteria = ["local_naturalness", "global_naturalness"]
    table = compare_criteria(dataset, criteria, outcomes={"a": 0.5, "b": 0.1}).to_pandas()
    assert table["criterion"].tolist() == criteria
    assert table["spearman"][0] == pytest.approx(1.0)
    assert np.isnan(table["spearman"][1])


@pytest.mark.parametrize(
    ("outcomes", "message"),
    [
        ({"x": 0.5}, "`outcomes` must name teachers of the dataset, which are a, b; found x"),
        ({}, "found none"),
        ({"a": "0.5"}, "must be finite numbers, found '0.5' for 'a'"),
        ({"a": math.nan}, "must be finite numbers, found nan for 'a'"),
    ],
)
def test_outcomes_that_cannot_be_used(compared, outcomes, message):
    with pytest.raises(ValueError, match=message):
        compare_criteria(compared, outcomes=outcomes)


def test_other_candidates_are_noted(make):
    dataset = make("ppq", "aba", local_naturalness=[-1.0, -2.0, None], global_naturalness=[-1.0, -2.0, -3.0])
    names = ["local_naturalness", "global_naturalness"]
    (note,) = compare_criteria(dataset, names).notes
    assert "different numbers of the 3 rows: local_naturalness 2, global_naturalness 3" in note
    assert compare_criteria(dataset.select([0, 1]), names).notes == []


def test_rows_without_a_prompt_or_a_teacher_are_noted():
    dataset = Dataset.from_dict(
        {"prompt": ["p", "p", None], "teacher": ["a", "b", "b"], "local_naturalness": [-1.0, -2.0, -3.0]}
    )
    result = compare_criteria(dataset, ["local_naturalness"])
    assert result.notes == ["Left out because the prompt or the teacher is missing: 1 row."]


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ([1, 2, 3], [30, 20, 10], -1.0),
        ([1, 2, 2, 3], [1, 2, 3, 4], 4.5 / math.sqrt(4.5 * 5)),
        ([1, 1, 1], [1, 2, 3], math.nan),
    ],
)
def test_spearman(one, other, expected):
    found = spearman(np.array(one, float), np.array(other, float))
    assert found == pytest.approx(expected, nan_ok=True)


def test_spearman_interval():
    # atanh(0.5) +- 1.959964 * sqrt(1.06 / 8) = 0.549306 +- 0.713433.
    expected = [math.tanh(-0.164127), math.tanh(1.262739)]
    assert spearman_interval(0.5, 11) == pytest.approx(expected, abs=1e-5)
    assert spearman_interval(0.9, 3) == (-1.0, 1.0)
    low, high = spearman_interval(-1.0, 5)
    assert low > -1.0
    assert high > -0.5


def test_wrong_input_says_what_to_change(compared):
    with pytest.raises(TypeError, match="`compare_criteria` needs one Dataset"):
        compare_criteria(DatasetDict({"x": compared}))
    with pytest.raises(TypeError, match=r"pass \['local_naturalness'\]"):
        compare_criteria(compared, "local_naturalness")
    with pytest.raises(ValueError, match="Score the rows first"):
        compare_criteria(compared.select_columns(["prompt", "teacher", "response"]))
    with pytest.raises(ValueError, match="Did you mean 'local_naturalness'"):
        compare_criteria(compared, ["local_naturalnes"])


def test_plot(compared, tmp_path):
    pytest.importorskip("matplotlib", reason="plots need the extra `plots`")
    plain = compare_criteria(compared).plot(tmp_path / "criteria.svg").read_text()
    assert "Share of picks by teacher" in plain
    outcomes = {"a": 0.625, "b": 0.125}
    drawn = compare_criteria(compared, outcomes=outcomes).plot(tmp_path / "outcomes.svg").read_text()
    for text in ("Rank of each teacher", "Spearman of teacher means with the outcomes", "a: 0.625"):
        assert text in drawn
        assert text not in plain


def test_many_teachers_fit_on_the_page(make, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    names = [f"organisation/a-teacher-with-a-long-name-{number:03d}-instruct" for number in range(40)]
    dataset = make(
        [f"p{place // 40}" for place in range(200)],
        names * 5,
        local_naturalness=np.random.default_rng(0).normal(size=200).tolist(),
    )
    text = str(compare_criteria(dataset))
    assert "28 others" in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_row_without_a_score_is_no_response_of_length_0(make):
    """Scorers write 0 tokens and 0 steps where they have scored nothing."""
    rows = make(
        "ppqq",
        "abab",
        response=list("uvwx"),
        local_naturalness=[-0.9, None, -0.2, -0.5],
        num_tokens=[10, 0, 30, 40],
        num_steps=[1, 0, 3, 4],
        grade=[1.0, 2.0, 1.0, 2.0],
    )
    shortest = compare_criteria(rows, {"num_tokens": "low"}).to_pandas().iloc[0]
    assert (shortest["num_tokens"], shortest["num_steps"]) == (20, 2)
    lengths = {compare_criteria(rows, ["random"], seed=n).to_pandas()["num_tokens"][0] for n in range(20)}
    assert lengths == {(10 + 30) / 2, (10 + 40) / 2, 30, 40}  # the last two where v is picked
    ranking = rank_teachers(rows, by="grade", direction="high").to_pandas()
    assert dict(zip(ranking["teacher"], ranking["mean_tokens"], strict=True)) == {"a": 20, "b": 40}
    everything = select_responses(rows, by="random", k=None)
    assert read_record(everything)["traits"]["num_tokens"]["after"] == pytest.approx(80 / 3)


def test_no_rows_are_refused(compared):
    with pytest.raises(ValueError, match="No row has a prompt and a teacher: there is nothing to compare"):
        compare_criteria(compared.select([]))
    with pytest.raises(ValueError, match="No row passes `where`: none of 6"):
        compare_criteria(compared, where="num_tokens > 1000")
    nameless = compared.remove_columns("teacher").add_column("teacher", [None] * 5 + ["b"])
    with pytest.raises(ValueError, match="No row among the 5 of 6 that pass `where` has a prompt and"):
        compare_criteria(nameless, where="num_tokens < 60")
